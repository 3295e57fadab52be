//go:build linux

package lang

import (
	"testing"

	"github.com/minins/minins/internal/testns"
)

func TestMain(m *testing.M) { testns.Main(m) }
