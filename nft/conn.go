//go:build linux

package nft

import "github.com/minins/minins/nl"

// A Conn is a socket to nf_tables in one network namespace. All that it does
// needs CAP_NET_ADMIN in the user namespace that owns it.
type Conn struct {
	*nl.Conn
	coder nl.Coder // of echoes and elements, while the Conn's own is in use
	acks  bool     // the kernel acknowledges the end of a batch, as since Linux 6.10
}

// Dial opens a socket. The zero Config opens it in the namespace of the
// calling thread.
func Dial(cfg nl.Config) (*Conn, error) {
	c, err := nl.Dial(Protocol, cfg)
	if err != nil {
		return nil, err
	}
	return New(c), nil
}

// New is a Conn on a socket that was opened for [Protocol].
func New(c *nl.Conn) *Conn { return &Conn{Conn: c} }
