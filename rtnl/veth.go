//go:build linux

package rtnl

// NewVeth is a request for a veth, a cable whose ends are two links. Give the
// ends all that they are to have before it is sent: index, namespace (NetNSFD of
// the peer), master, and for the near end IFF_UP, which a peer cannot have yet.
// To move or rename a link afterwards makes the kernel wait, for about 15 ms each.
//
// The ends have one queue in each direction. Without that the kernel makes one
// for every CPU that there could be and then goes back to one, and waits for that
// as well: 0.5 to 4 ms per veth rather than 0.4.
//
// Equivalent to: `ip link add $name numtxqueues 1 numrxqueues 1 type veth peer
// name $peer numtxqueues 1 numrxqueues 1`
func NewVeth(name, peer string) *Link {
	return &Link{
		Name: name, NumTxQueues: 1, NumRxQueues: 1,
		Info: LinkInfo{Kind: "veth", Peer: &Link{Name: peer, NumTxQueues: 1, NumRxQueues: 1}},
	}
}
