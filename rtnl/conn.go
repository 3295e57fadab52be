//go:build linux

package rtnl

import "github.com/minins/minins/nl"

// A Conn is a netlink socket for rtnetlink, with a method for each thing to
// do; see [nl.Conn] for what they have in common.
type Conn struct{ *nl.Conn }

// Dial opens a socket in the network namespace that cfg names.
func Dial(cfg nl.Config) (*Conn, error) {
	c, err := nl.Dial(Protocol, cfg)
	if err != nil {
		return nil, err
	}
	return New(c), nil
}

// New makes a Conn of a socket that is open already, for [Protocol].
func New(c *nl.Conn) *Conn { return &Conn{c} }
