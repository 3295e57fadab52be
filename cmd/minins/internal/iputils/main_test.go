//go:build linux

package iputils

import (
	"testing"

	"github.com/minins/minins/internal/testns"
)

func TestMain(m *testing.M) { testns.Main(m) }
