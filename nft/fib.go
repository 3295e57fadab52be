//go:build linux

package nft

import (
	"github.com/minins/minins/nl"
	"golang.org/x/sys/unix"
)

// Fib looks the packet's addresses up in the routing tables. (NFTA_FIB_*)
type Fib struct {
	Flags  FibFlags
	Result FibResult
	Dreg   Register
}

// Name is the kernel's name of the expression.
func (*Fib) Name() string { return "fib" }

// Fields is the layout of NFTA_EXPR_DATA.
func (f *Fib) Fields(c *nl.Coder) {
	if c.Decoding() {
		*f = Fib{}
	}
	nl.BE32(c, unix.NFTA_FIB_FLAGS, "NFTA_FIB_FLAGS", &f.Flags)
	nl.BE32(c, unix.NFTA_FIB_RESULT, "NFTA_FIB_RESULT", &f.Result)
	nl.BE32(c, unix.NFTA_FIB_DREG, "NFTA_FIB_DREG", &f.Dreg)
}

// A FibResult is what [Fib] loads.
type FibResult uint32

// Results of [Fib].
const (
	FibOIF      FibResult = unix.NFT_FIB_RESULT_OIF      // u32, the index of a device
	FibOIFName  FibResult = unix.NFT_FIB_RESULT_OIFNAME  // 16 bytes
	FibAddrType FibResult = unix.NFT_FIB_RESULT_ADDRTYPE // u32, RTN_*
)

// String is the kernel's name.
func (r FibResult) String() string { return enum(r, fibResultNames[:]) }

var fibResultNames = [...]string{"NFT_FIB_RESULT_UNSPEC", "NFT_FIB_RESULT_OIF", "NFT_FIB_RESULT_OIFNAME", "NFT_FIB_RESULT_ADDRTYPE"}

// FibFlags are NFTA_FIB_F_*: what to look up.
type FibFlags uint32

// Flags of [Fib].
const (
	FibSaddr   FibFlags = unix.NFTA_FIB_F_SADDR
	FibDaddr   FibFlags = unix.NFTA_FIB_F_DADDR
	FibMark    FibFlags = unix.NFTA_FIB_F_MARK
	FibIIF     FibFlags = unix.NFTA_FIB_F_IIF
	FibOIFOnly FibFlags = unix.NFTA_FIB_F_OIF
	FibPresent FibFlags = unix.NFTA_FIB_F_PRESENT
)

// String is the kernel's names.
func (f FibFlags) String() string { return nl.FlagNames(uint32(f), fibFlagsNames[:]) }

var fibFlagsNames = [...]nl.FlagName{
	{Bits: uint32(FibSaddr), Name: "NFTA_FIB_F_SADDR"}, {Bits: uint32(FibDaddr), Name: "NFTA_FIB_F_DADDR"},
	{Bits: uint32(FibMark), Name: "NFTA_FIB_F_MARK"}, {Bits: uint32(FibIIF), Name: "NFTA_FIB_F_IIF"},
	{Bits: uint32(FibOIFOnly), Name: "NFTA_FIB_F_OIF"}, {Bits: uint32(FibPresent), Name: "NFTA_FIB_F_PRESENT"},
}
