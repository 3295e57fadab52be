//go:build linux

package nft

import (
	"context"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"

	"github.com/minins/minins/nl"
	"golang.org/x/sys/unix"
)

// inWords says what a refused request was to do, and why the kernel may have
// refused it if its errno alone tells too little.
func inWords(e *nl.Error, why string, err error) error {
	h, body, _, ok := nl.Next(e.Request())
	if !ok {
		return fmt.Errorf("nft: %w", err)
	}
	what := "nft: " + describe(h, body)
	if why == "" {
		why = reason(h.Type&0xff, h.Flags, e)
	}
	if why != "" {
		return fmt.Errorf("%s: %s: %w", what, why, err)
	}
	return fmt.Errorf("%s: %w", what, err)
}

// inWords also says which element of [Batch.AddElems] it is, or which of them
// the request has.
func (b *Batch) inWords(ctx context.Context, e *nl.Error, err error) error {
	err = inWords(e, b.lacks(ctx, e), err)
	for _, r := range b.list.sent {
		switch {
		case r.index != e.Index:
		case len(e.Path) == 2 && e.Path[1] == "NFTA_LIST_ELEM": // numbered from 1, as nla_type
			number := binary.NativeEndian.Uint16(e.Request()[e.Offset()+2:]) & 0x3fff
			return fmt.Errorf("%w (element %d)", err, r.first+int(number)-1)
		default:
			return fmt.Errorf("%w (elements %d to %d)", err, r.first, r.end-1)
		}
	}
	return err
}

// describe is a request in words: "add a rule to chain ip nat PREROUTING".
func describe(h nl.Header, body []byte) string {
	_, m := Protocol.Type(h.Type)
	var c nl.Coder
	if m == nil || c.Decode(body, m) != nil {
		return Protocol.TypeName(h.Type)
	}
	verb := verbOf(Protocol.TypeName(h.Type), h.Flags)
	switch m := m.(type) {
	case *Table:
		return verb + " table " + m.Family.Keyword() + " " + m.Name
	case *Chain:
		return verb + " chain " + within(m.Family, m.Table, m.Name)
	case *Rule:
		return m.describe(verb)
	case *Set:
		return verb + " set " + within(m.Family, m.Table, m.Name)
	case *Elems:
		return verb + " " + strconv.Itoa(len(m.Elems)) + " elements of set " + within(m.Family, m.Table, m.Set)
	case *Obj:
		return verb + " object " + within(m.Family, m.Table, m.Name)
	case *Flowtable:
		return verb + " flowtable " + within(m.Family, m.Table, m.Name)
	}
	return Protocol.TypeName(h.Type)
}

// within is a name in the way of nft: with its family and its table.
func within(f Family, table, name string) string {
	return f.Keyword() + " " + table + " " + name
}

func (r *Rule) describe(verb string) string {
	chain := r.Chain
	if chain == "" && r.ChainID != 0 {
		chain = "number " + strconv.FormatUint(uint64(r.ChainID), 10) + " of the batch"
	}
	where := "chain " + within(r.Family, r.Table, chain)
	what, number := " the rule with handle ", r.Handle
	switch {
	case verb == "delete" && r.Chain == "":
		return "flush table " + r.Family.Keyword() + " " + r.Table
	case verb == "delete" && r.Handle == 0:
		return "flush " + where
	case r.Handle != 0:
	case r.Position != 0:
		what, number = " a rule next to handle ", r.Position
	default:
		return verb + " a rule to " + where
	}
	return verb + what + strconv.FormatUint(number, 10) + " of " + where
}

// verbOf is what a request does to its object.
func verbOf(typeName string, flags uint16) string {
	switch {
	case strings.Contains(typeName, "_GET"):
		return "get"
	case strings.Contains(typeName, "_DEL"), strings.Contains(typeName, "_DESTROY"):
		return "delete"
	case flags&unix.NLM_F_REPLACE != 0:
		return "replace"
	case flags&unix.NLM_F_EXCL != 0:
		return "create"
	case flags&unix.NLM_F_CREATE != 0:
		return "add"
	}
	return "change"
}

// reason is why a request is refused, where the kernel has no text for it and
// more than one errno's worth to say.
func reason(msg, flags uint16, e *nl.Error) string {
	last := ""
	if len(e.Path) > 0 {
		last = e.Path[len(e.Path)-1]
	}
	switch {
	case e.Message != "":
		return ""
	case e.Errno == unix.EBUSY && msg == unix.NFT_MSG_DELCHAIN:
		return "it still has rules, or rules jump to it"
	case e.Errno == unix.EBUSY && (msg == unix.NFT_MSG_DELSET || msg == unix.NFT_MSG_DELOBJ):
		return "rules still use it"
	case e.Errno == unix.EEXIST && msg == unix.NFT_MSG_NEWCHAIN && flags&unix.NLM_F_EXCL == 0: // Linux 6.1
		return "it exists with another hook or priority"
	case e.Errno == unix.EEXIST:
		return "it exists already"
	case e.Errno == unix.ENOENT && strings.HasSuffix(last, "_TABLE"):
		return "there is no such table"
	case e.Errno == unix.ENOENT && strings.HasSuffix(last, "_CHAIN"):
		return "there is no such chain"
	case e.Errno == unix.ENOENT && last == "NFTA_LIST_ELEM":
		return "the kernel does not have this expression, or what it refers to"
	case e.Errno == unix.EINVAL && last == "NFTA_LIST_ELEM":
		return "the kernel does not take this expression in this chain" // NAT in another chain than its own
	case e.Errno == unix.EOPNOTSUPP && msg == unix.NFT_MSG_NEWCHAIN:
		return "the kernel has no such chain type, or the chain exists with another hook or priority"
	}
	return ""
}
