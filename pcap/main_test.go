//go:build linux

package pcap_test

import (
	"testing"

	"github.com/minins/minins/internal/testns"
)

func TestMain(m *testing.M) { testns.Main(m) }
