//go:build linux

package xt

import (
	"fmt"
	"strings"

	"github.com/minins/minins/nl"
)

// Comment is the info of the match comment, revision 0, which every packet
// matches: struct xt_comment_info of linux/netfilter/xt_comment.h.
type Comment struct {
	Text [commentSize]byte // ends at the first NUL
}

const commentSize = 256 // XT_MAX_COMMENT_LEN

// NewComment is a comment of at most 255 bytes.
func NewComment(text string) (*Comment, error) {
	if len(text) >= commentSize {
		return nil, fmt.Errorf("xt: a comment of %d bytes; at most %d fit", len(text), commentSize-1)
	}
	m := new(Comment)
	copy(m.Text[:], text)
	return m, nil
}

// String is the comment.
func (m *Comment) String() string {
	s, _, _ := strings.Cut(string(m.Text[:]), "\x00")
	return s
}

// Name is the kernel's name of the match.
func (*Comment) Name() string { return "comment" }

// Rev is the revision.
func (*Comment) Rev() uint32 { return 0 }

// Fields is the layout of the info.
func (m *Comment) Fields(c *nl.Coder) { nl.MStr(c, "comment", m.Text[:]) }
