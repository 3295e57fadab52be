//go:build linux

package capture

import (
	"encoding/binary"
	"fmt"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/cmd/minins/internal/lacks"
)

// A ring is one packet socket, and memory that the kernel puts packets into:
// TPACKET_V3 of linux/if_packet.h. It sees all links of a namespace, those that are
// yet to come as well. A socket without a ring would lose packets: an ordinary user
// may give it 200 kB, which is some 300 packets.
type ring struct {
	fd    int
	mem   []byte // shared with the kernel, in blocks
	block int    // the offset of the next one to be read
	fence atomic.Uint32
}

const (
	blockSize = 1 << 17 // the largest packet of a link is some 2^16 bytes
	minBlocks = 4
	maxBlocks = 16 << 20 / blockSize
	allBlocks = 64 << 20 / blockSize // of all rings, as far as they can be shared out

	// retire is when the kernel hands over a block that is not full. It looks twice,
	// so that a packet is seen after twice as long.
	retire = 40 * time.Millisecond
)

// openRing opens the socket in the namespace of the calling thread. An error says which
// call was refused.
func openRing(code []unix.SockFilter, blocks int) (r *ring, err error) {
	const frame = 1 << 11 // means nothing in this version but that it has to fit
	r = &ring{}
	if r.fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0); err != nil {
		if why := lacks.Packet(err); why != "" {
			return nil, fmt.Errorf("%s: %w", why, err)
		}
		return nil, os.NewSyscallError("socket(AF_PACKET)", err)
	}
	call := "SO_ATTACH_FILTER"
	err = unix.SetsockoptSockFprog(r.fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: uint16(len(code)), Filter: &code[0]})
	if err == unix.ENOMEM {
		call = "SO_ATTACH_FILTER, " + strconv.Itoa(len(code)) + " instructions, for which net.core.optmem_max has to be larger"
	}
	if err == nil {
		call = "TPACKET_V3"
		err = unix.SetsockoptInt(r.fd, unix.SOL_PACKET, unix.PACKET_VERSION, unix.TPACKET_V3)
	}
	if err == nil {
		call = "PACKET_RX_RING"
		err = unix.SetsockoptTpacketReq3(r.fd, unix.SOL_PACKET, unix.PACKET_RX_RING, &unix.TpacketReq3{
			Block_size: blockSize, Block_nr: uint32(blocks), Frame_size: frame, Frame_nr: uint32(blocks) * blockSize / frame,
			Retire_blk_tov: uint32(retire / time.Millisecond),
		})
	}
	if err == nil {
		call = "mmap"
		r.mem, err = unix.Mmap(r.fd, 0, blocks*blockSize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	}
	if err == nil {
		call = "bind(ETH_P_ALL)" // only now do packets come
		err = unix.Bind(r.fd, &unix.SockaddrLinklayer{Protocol: bigEndian(unix.ETH_P_ALL)})
	}
	if err != nil {
		r.close()
	}
	return r, os.NewSyscallError(call, err)
}

func bigEndian(v uint16) uint16 {
	return binary.NativeEndian.Uint16(binary.BigEndian.AppendUint16(nil, v))
}

func (r *ring) close() {
	_ = unix.Munmap(r.mem) // it is mapped, or nil
	unix.Close(r.fd)
}

// dropped is how many packets the ring had no place for, since it was last asked.
func (r *ring) dropped() uint64 {
	st, err := unix.GetsockoptTpacketStatsV3(r.fd, unix.SOL_PACKET, unix.PACKET_STATISTICS)
	if err != nil {
		return 0 // it is a ring of that version
	}
	return uint64(st.Drops)
}

// promiscuous has a link take frames for others, until the socket is closed.
func (r *ring) promiscuous(link uint32) error {
	return unix.SetsockoptPacketMreq(r.fd, unix.SOL_PACKET, unix.PACKET_ADD_MEMBERSHIP,
		&unix.PacketMreq{Ifindex: int32(link), Type: unix.PACKET_MR_PROMISC})
}

// name is that of a link by its index, or "" if it is gone.
func (r *ring) name(link uint32) string {
	ifr, err := unix.NewIfreq("")
	if err != nil {
		return ""
	}
	ifr.SetUint32(link)
	if unix.IoctlIfreq(r.fd, unix.SIOCGIFNAME, ifr) != nil {
		return ""
	}
	return ifr.Name()
}

// Offsets in struct tpacket_block_desc and in struct tpacket3_hdr, which struct
// sockaddr_ll follows. All is in host order, but sll_protocol.
const (
	blockStatus  = 8
	blockPackets = 12
	blockFirst   = 16

	hdrNext     = 0
	hdrSec      = 4
	hdrNsec     = 8
	hdrSnaplen  = 12
	hdrLen      = 16
	hdrStatus   = 20
	hdrMac      = 24 // and tp_net, of 16 bits each
	hdrVlanTCI  = 32
	hdrVlanTPID = 36
	sllProtocol = 48 + 2
	sllIfindex  = 48 + 4
	sllHatype   = 48 + 8
	sllPkttype  = 48 + 10 // then sll_halen, of a byte each, and 8 bytes of address
	hdrEnd      = 48 + 20
)

// next is the first packet of the next block, and how many the block has: 0 if the
// kernel still has the block.
func (r *ring) next() (packet []byte, n uint32) {
	b := r.mem[r.block : r.block+blockSize]
	if binary.NativeEndian.Uint32(b[blockStatus:])&unix.TP_STATUS_USER == 0 {
		return nil, 0
	}
	r.order()
	return b[binary.NativeEndian.Uint32(b[blockFirst:]):], binary.NativeEndian.Uint32(b[blockPackets:])
}

// release gives the block back to the kernel.
func (r *ring) release() {
	r.order()
	binary.NativeEndian.PutUint32(r.mem[r.block+blockStatus:], unix.TP_STATUS_KERNEL)
	r.block = (r.block + blockSize) % len(r.mem)
}

// order has what is above it read and written before what is below it, whatever the
// processor is: an atomic store followed by an atomic load.
func (r *ring) order() {
	r.fence.Store(0)
	r.fence.Load()
}
