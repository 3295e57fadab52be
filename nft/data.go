//go:build linux

package nft

import (
	"fmt"
	"strconv"

	"github.com/minins/minins/nl"
	"golang.org/x/sys/unix"
)

// A Register holds a value between the expressions of a rule. (enum
// nft_registers)
type Register uint32

// The registers: one for the verdict, four of 16 bytes each, and the same 64
// bytes as sixteen registers of 4 bytes, Reg32 to Reg32+15.
const (
	RegVerdict Register = unix.NFT_REG_VERDICT
	Reg1       Register = unix.NFT_REG_1
	Reg2       Register = unix.NFT_REG_2
	Reg3       Register = unix.NFT_REG_3
	Reg4       Register = unix.NFT_REG_4
	Reg32      Register = unix.NFT_REG32_00
)

// String is the kernel's name.
func (r Register) String() string {
	switch {
	case r == RegVerdict:
		return "NFT_REG_VERDICT"
	case r <= Reg4:
		return "NFT_REG_" + strconv.FormatUint(uint64(r), 10)
	case r >= Reg32 && r <= unix.NFT_REG32_15:
		return fmt.Sprintf("NFT_REG32_%02d", uint32(r-Reg32))
	}
	return fmt.Sprint(uint32(r))
}

// Data is a value or a verdict. (NFTA_DATA_*)
type Data struct {
	Value   []byte
	Verdict nl.Opt[Verdict]
}

// fields codes the nested attribute typ that holds the data.
func (d *Data) fields(c *nl.Coder, typ uint16, name string) {
	if c.Decoding() {
		d.Verdict = nl.Opt[Verdict]{}
	}
	if c.NestIf(typ, name, d.Value != nil || d.Verdict.Ok) {
		nl.Bytes(c, unix.NFTA_DATA_VALUE, "NFTA_DATA_VALUE", &d.Value)
		if nest(c, unix.NFTA_DATA_VERDICT, "NFTA_DATA_VERDICT", &d.Verdict) {
			d.Verdict.V.fields(c)
			c.EndEmpty()
		}
		c.End()
	} else if c.Decoding() {
		d.Value = nil
	}
}

// value codes a nested attribute that holds nothing but a value.
func value(c *nl.Coder, typ uint16, name string, p *[]byte) {
	if c.NestIf(typ, name, *p != nil) {
		nl.Bytes(c, unix.NFTA_DATA_VALUE, "NFTA_DATA_VALUE", p)
		c.End()
	} else if c.Decoding() {
		*p = nil
	}
}

// A Verdict is what becomes of a packet. (NFTA_VERDICT_*)
type Verdict struct {
	Code    VerdictCode
	Chain   string // to Jump or Goto
	ChainID uint32 // in place of Chain: the [Chain.ID] of one of the same batch
}

func (v *Verdict) fields(c *nl.Coder) {
	nl.ReqBE32(c, unix.NFTA_VERDICT_CODE, "NFTA_VERDICT_CODE", &v.Code)
	nl.Str(c, unix.NFTA_VERDICT_CHAIN, "NFTA_VERDICT_CHAIN", &v.Chain)
	nl.BE32(c, attrVerdictChainID, "NFTA_VERDICT_CHAIN_ID", &v.ChainID)
}

// A VerdictCode is one of NF_* of linux/netfilter.h, or, negative, of NFT_*.
type VerdictCode int32

// Verdicts. Those that are negative stay within the table.
const (
	VerdictDrop     VerdictCode = 0  // NF_DROP
	VerdictAccept   VerdictCode = 1  // NF_ACCEPT
	VerdictQueue    VerdictCode = 3  // NF_QUEUE
	VerdictContinue VerdictCode = -1 // NFT_CONTINUE
	VerdictBreak    VerdictCode = -2 // NFT_BREAK
	VerdictJump     VerdictCode = -3 // NFT_JUMP
	VerdictGoto     VerdictCode = -4 // NFT_GOTO
	VerdictReturn   VerdictCode = -5 // NFT_RETURN
)

// String is the kernel's name.
func (v VerdictCode) String() string {
	if i := int64(v) - int64(VerdictReturn); i >= 0 && i < int64(len(verdictNames)) {
		return verdictNames[i]
	}
	return strconv.Itoa(int(v))
}

// verdictNames begin with that of the least, VerdictReturn.
var verdictNames = [...]string{
	"NFT_RETURN", "NFT_GOTO", "NFT_JUMP", "NFT_BREAK", "NFT_CONTINUE",
	"NF_DROP", "NF_ACCEPT", "NF_STOLEN", "NF_QUEUE", "NF_REPEAT", "NF_STOP",
}
