//go:build linux

package nl

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

var (
	// ErrInterrupted says that the kernel's tables changed while they were
	// dumped (NLM_F_DUMP_INTR), so that what was read may miss objects or hold
	// them twice. [List] starts again by itself; after [Stream], start again.
	ErrInterrupted = errors.New("nl: the dump was interrupted by a change; it may not be whole")

	// ErrLost says that replies did not fit the socket's receive buffer
	// (ENOBUFS) and are gone: what the request did has to be read anew.
	ErrLost = fmt.Errorf("nl: replies were lost, read the state anew: %w", unix.ENOBUFS)

	// ErrBusy says that a Conn was used while another call on it was running,
	// by another goroutine or by the body of a loop over [Stream].
	ErrBusy = errors.New("nl: the Conn has a request in flight; open another Conn for this one")
)

func errTooLong(n int) error {
	return fmt.Errorf("nl: a nested attribute of %d bytes; nla_len holds at most %d", n, nlaMax)
}

// An Error is the kernel's refusal of a request. [errors.Is] matches it with
// its errno ([unix.ENODEV]) and with what that means ([io/fs.ErrExist],
// [io/fs.ErrNotExist], [io/fs.ErrPermission]).
//
// Printed with %v it is one line, with %+v the whole request, annotated, with
// an arrow at what the kernel objects to.
type Error struct {
	Op      string        // the request: "RTM_NEWLINK"
	Errno   syscall.Errno // the kernel's verdict, positive
	Message string        // the kernel's explanation, if it gave one
	Path    []string      // the attribute that it objects to, outermost first; nil if it named none
	Missing string        // the attribute that it misses
	Index   int           // of the request in its batch, from 0

	protocol *Protocol
	request  []byte // a copy, with its header
	offset   int    // of the attribute in request; 0 is none
}

// Unwrap returns the errno.
func (e *Error) Unwrap() error { return e.Errno }

// Error is one line: the request, the errno in words, the kernel's
// explanation and the attribute.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Op)
	b.WriteString(": ")
	b.WriteString(e.Errno.Error())
	if e.Message != "" {
		b.WriteString(": ")
		b.WriteString(e.Message)
	}
	if e.Path != nil {
		b.WriteString(" (at ")
		b.WriteString(strings.Join(e.Path, " > "))
		b.WriteString(")")
	}
	if e.Missing != "" {
		b.WriteString(" (missing ")
		b.WriteString(e.Missing)
		b.WriteString(")")
	}
	return b.String()
}

// Format is Error, and for %+v the annotated request below it.
func (e *Error) Format(s fmt.State, verb rune) {
	switch {
	case verb == 'q':
		fmt.Fprintf(s, "%q", e.Error())
	case verb == 'v' && s.Flag('+') && e.protocol != nil:
		io.WriteString(s, e.Error()+"\n")
		mark := e.offset
		if mark == 0 {
			mark = -1
		}
		e.protocol.explain(s, e.request, mark, "here")
	default:
		io.WriteString(s, e.Error())
	}
}

// Offset is where in [Error.Request] the attribute begins that the kernel
// objects to, or 0.
func (e *Error) Offset() int { return e.offset }

// Request returns the refused message as it was sent, its header included.
func (e *Error) Request() []byte { return e.request }

// extack is the extended ack, NLMSGERR_ATTR_* of linux/netlink.h.
type extack struct {
	msg                string
	offs               uint32
	cookie             []byte
	policy             policy
	missType, missNest Opt[uint32]
}

// Attributes of the extended ack that x/sys lacks, from linux/netlink.h.
const (
	attrMsg      = 1 // NLMSGERR_ATTR_MSG
	attrOffs     = 2 // NLMSGERR_ATTR_OFFS
	attrCookie   = 3 // NLMSGERR_ATTR_COOKIE
	attrPolicy   = 4 // NLMSGERR_ATTR_POLICY
	attrMissType = 5 // NLMSGERR_ATTR_MISS_TYPE
	attrMissNest = 6 // NLMSGERR_ATTR_MISS_NEST
)

func (x *extack) Fields(c *Coder) {
	Start(c, x)
	Str(c, attrMsg, "NLMSGERR_ATTR_MSG", &x.msg)
	U32(c, attrOffs, "NLMSGERR_ATTR_OFFS", &x.offs)
	Bytes(c, attrCookie, "NLMSGERR_ATTR_COOKIE", &x.cookie)
	if c.Nest(attrPolicy, "NLMSGERR_ATTR_POLICY") {
		x.policy.fields(c)
		c.End()
	}
	OptU32(c, attrMissType, "NLMSGERR_ATTR_MISS_TYPE", &x.missType)
	OptU32(c, attrMissNest, "NLMSGERR_ATTR_MISS_NEST", &x.missNest)
}

// policy is what the kernel would have taken, NL_POLICY_TYPE_ATTR_* of
// linux/netlink.h.
type policy struct {
	_ [0]func() // not to be compared: that would take code

	kind               uint32
	minValue, maxValue Opt[uint64]
	minLen, maxLen     Opt[uint32]
}

func (p *policy) fields(c *Coder) {
	U32(c, 1, "NL_POLICY_TYPE_ATTR_TYPE", &p.kind)
	c.Name(2, "NL_POLICY_TYPE_ATTR_MIN_VALUE_S", KindBytes)
	c.Name(3, "NL_POLICY_TYPE_ATTR_MAX_VALUE_S", KindBytes)
	OptU64(c, 4, "NL_POLICY_TYPE_ATTR_MIN_VALUE_U", &p.minValue)
	OptU64(c, 5, "NL_POLICY_TYPE_ATTR_MAX_VALUE_U", &p.maxValue)
	OptU32(c, 6, "NL_POLICY_TYPE_ATTR_MIN_LENGTH", &p.minLen)
	OptU32(c, 7, "NL_POLICY_TYPE_ATTR_MAX_LENGTH", &p.maxLen)
	c.Name(8, "NL_POLICY_TYPE_ATTR_POLICY_IDX", KindBytes)
	c.Name(9, "NL_POLICY_TYPE_ATTR_POLICY_MAXTYPE", KindBytes)
	c.Name(10, "NL_POLICY_TYPE_ATTR_BITFIELD32_MASK", KindBytes)
	c.Name(11, "NL_POLICY_TYPE_ATTR_PAD", KindBytes)
	c.Name(12, "NL_POLICY_TYPE_ATTR_MASK", KindBytes)
}

// doneMessage is the body of NLMSG_DONE.
type doneMessage struct {
	err  negErrno
	acks extack
}

func (d *doneMessage) Fields(c *Coder) {
	Start(c, d)
	M32(c, "error", &d.err)
	d.acks.Fields(c)
}

type negErrno int32

func (e negErrno) String() string { return errnoText(int32(e)) }

// errnoText is a kernel's verdict, 0 or a negative errno, in words.
func errnoText(e int32) string {
	if e >= 0 {
		return fmt.Sprint(e)
	}
	name := unix.ErrnoName(syscall.Errno(-e))
	if name == "" {
		name = fmt.Sprint(e)
	}
	return "-" + name + " (" + syscall.Errno(-e).Error() + ")"
}

// splitAck divides the body of an NLMSG_ERROR behind its errno into the
// request, of which there may be no more than the header, and the extended
// ack's attributes.
func splitAck(h Header, body []byte) (request, tlvs []byte) {
	request = body[4:]
	n := headerLen
	if h.Flags&unix.NLM_F_CAPPED == 0 && len(request) >= headerLen {
		n = int(min(binary.NativeEndian.Uint32(request), uint32(len(request))))
	}
	n = min(align(n), len(request))
	if h.Flags&unix.NLM_F_ACK_TLVS != 0 {
		tlvs = request[n:]
	}
	return request[:n], tlvs
}

// verdict turns an NLMSG_ERROR or NLMSG_DONE into the request's result. req
// is the request as sent, with its header.
func (c *Conn) verdict(req []byte, h Header, body []byte) error {
	if len(body) < 4 {
		if h.Type == unix.NLMSG_DONE {
			return nil // some old dumps end in an empty message
		}
		return errTruncated
	}
	code := int32(binary.NativeEndian.Uint32(body))
	if code >= 0 {
		return nil
	}
	typ := binary.NativeEndian.Uint16(req[4:])
	e := &Error{
		Op:       c.protocol.TypeName(typ),
		Errno:    syscall.Errno(-code),
		protocol: c.protocol,
		request:  append([]byte(nil), req...),
	}
	var tlvs []byte
	if h.Type == unix.NLMSG_ERROR {
		_, tlvs = splitAck(h, body)
	} else if h.Flags&unix.NLM_F_ACK_TLVS != 0 {
		tlvs = body[4:]
	}
	var x extack
	if err := c.coder.Decode(tlvs, &x); err != nil {
		return errors.Join(e, fmt.Errorf("nl: extended ack: %w", err))
	}
	e.Message, e.offset = x.msg, int(x.offs)
	s := c.describe(typ)
	if s == nil {
		return e
	}
	if e.offset >= headerLen && e.offset < len(req) {
		e.Path = Path(s, req[headerLen:], e.offset-headerLen)
	}
	if x.missType.Ok {
		e.Missing = s.attr(uint16(x.missType.V)).Name
	}
	return e
}

// describe is the description of message type typ, or nil: made once, since a
// batch may have 10,000 refusals.
func (c *Conn) describe(typ uint16) *Set {
	if s, ok := c.sets[typ]; ok {
		return s
	}
	var s *Set
	if _, m := c.protocol.Type(typ); m != nil {
		s = Describe(m)
	}
	if c.sets == nil {
		c.sets = make(map[uint16]*Set)
	}
	c.sets[typ] = s
	return s
}
