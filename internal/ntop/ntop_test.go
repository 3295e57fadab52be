//go:build linux

package ntop

import (
	"net/netip"
	"testing"
)

func TestText(t *testing.T) {
	for _, s := range []string{"1.2.3.4", "::", "::1", "::ffff", "::1.2.3.4", "::0.1.0.0", "::0.1.0.6", "::255.255.255.255",
		"::ffff:1.2.3.4", "::1:0:0", "::1:102:304", "1::1", "fe80::102:304"} { // as getent ahosts writes them
		if got := Text(netip.MustParseAddr(s)); got != s {
			t.Errorf("%s is %s", s, got)
		}
	}
	if got := Text(netip.MustParseAddr("::102:304%lo")); got != "::102:304%lo" {
		t.Errorf("with a zone: %s", got)
	}
}
