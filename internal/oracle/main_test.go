//go:build linux

package oracle_test

import (
	"testing"

	"github.com/minins/minins/internal/testns"
)

func TestMain(m *testing.M) { testns.Main(m) }
