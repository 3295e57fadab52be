//go:build linux

package nft

import (
	"github.com/minins/minins/nl"
)

// FlowOffload puts the connection into a flowtable. (NFTA_FLOW_*)
type FlowOffload struct {
	Table string // its name
}

// Name is the kernel's name of the expression.
func (*FlowOffload) Name() string { return "flow_offload" }

// Fields is the layout of NFTA_EXPR_DATA.
func (f *FlowOffload) Fields(c *nl.Coder) {
	if c.Decoding() {
		*f = FlowOffload{}
	}
	nl.Str(c, attrFlowOffloadTableName, "NFTA_FLOW_TABLE_NAME", &f.Table)
}
