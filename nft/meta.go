//go:build linux

package nft

import (
	"github.com/minins/minins/nl"
	"golang.org/x/sys/unix"
)

// Meta loads something known of the packet into Dreg, or, with Sreg in place
// of it, sets it. (NFTA_META_*)
type Meta struct {
	Key  MetaKey
	Dreg Register
	Sreg Register
}

// Name is the kernel's name of the expression.
func (*Meta) Name() string { return "meta" }

// Fields is the layout of NFTA_EXPR_DATA.
func (m *Meta) Fields(c *nl.Coder) {
	if c.Decoding() {
		*m = Meta{}
	}
	nl.ReqBE32(c, unix.NFTA_META_KEY, "NFTA_META_KEY", &m.Key)
	nl.BE32(c, unix.NFTA_META_DREG, "NFTA_META_DREG", &m.Dreg)
	nl.BE32(c, unix.NFTA_META_SREG, "NFTA_META_SREG", &m.Sreg)
}

// A MetaKey is one of NFT_META_*. The comments say what the register holds;
// integers are in host order unless said otherwise.
type MetaKey uint32

// Keys of [Meta].
const (
	MetaLen      MetaKey = unix.NFT_META_LEN      // u32, bytes
	MetaProtocol MetaKey = unix.NFT_META_PROTOCOL // be16, ETH_P_*
	MetaMark     MetaKey = unix.NFT_META_MARK     // u32, may be set
	MetaIIF      MetaKey = unix.NFT_META_IIF      // u32, the index of the input device
	MetaOIF      MetaKey = unix.NFT_META_OIF      // u32, the index of the output device
	MetaIIFName  MetaKey = unix.NFT_META_IIFNAME  // 16 bytes, NUL-padded
	MetaOIFName  MetaKey = unix.NFT_META_OIFNAME  // 16 bytes, NUL-padded
	MetaSKUID    MetaKey = unix.NFT_META_SKUID    // u32, the user of the socket
	MetaSKGID    MetaKey = unix.NFT_META_SKGID    // u32, its group
	MetaNFTrace  MetaKey = unix.NFT_META_NFTRACE  // u8, may be set: 1 traces the packet
	MetaNFProto  MetaKey = unix.NFT_META_NFPROTO  // u8, NFPROTO_*
	MetaL4Proto  MetaKey = unix.NFT_META_L4PROTO  // u8, IPPROTO_*
	MetaPktType  MetaKey = unix.NFT_META_PKTTYPE  // u8, PACKET_*
)

// String is the kernel's name.
func (k MetaKey) String() string { return enum(k, metaKeyNames[:]) }

var metaKeyNames = [...]string{
	"NFT_META_LEN", "NFT_META_PROTOCOL", "NFT_META_PRIORITY", "NFT_META_MARK", "NFT_META_IIF", "NFT_META_OIF",
	"NFT_META_IIFNAME", "NFT_META_OIFNAME", "NFT_META_IFTYPE", "NFT_META_OIFTYPE", "NFT_META_SKUID", "NFT_META_SKGID",
	"NFT_META_NFTRACE", "NFT_META_RTCLASSID", "NFT_META_SECMARK", "NFT_META_NFPROTO", "NFT_META_L4PROTO",
	"NFT_META_BRI_IIFNAME", "NFT_META_BRI_OIFNAME", "NFT_META_PKTTYPE", "NFT_META_CPU", "NFT_META_IIFGROUP",
	"NFT_META_OIFGROUP", "NFT_META_CGROUP", "NFT_META_PRANDOM", "NFT_META_SECPATH", "NFT_META_IIFKIND",
	"NFT_META_OIFKIND", "NFT_META_BRI_IIFPVID", "NFT_META_BRI_IIFVPROTO", "NFT_META_TIME_NS", "NFT_META_TIME_DAY",
	"NFT_META_TIME_HOUR", "NFT_META_SDIF", "NFT_META_SDIFNAME", "NFT_META_BRI_BROUTE",
}
