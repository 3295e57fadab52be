//go:build linux

package nft_test

import (
	"strings"
	"testing"

	"github.com/minins/minins/nft"
)

// Connection tracking is not modelled: its messages are named, and their
// bytes shown.
func TestConntrackIsNamed(t *testing.T) {
	var text strings.Builder
	for _, order := range []string{"little", "big"} {
		text.Reset()
		for _, d := range capture(t, "testdata/"+order+"/conntrack/ctnetlink-dump.hex") {
			nft.Protocol.Explain(&text, d.data)
		}
		for _, want := range []string{"IPCTNL_MSG_CT_GET", "IPCTNL_MSG_CT_NEW", "NLMSG_DONE"} {
			if !strings.Contains(text.String(), "nlmsg_type = "+want+"\n") {
				t.Errorf("%s: %s is missing in\n%s", order, want, &text)
			}
		}
	}
}
