//go:build linux

package nl

// A Conn is one netlink socket in one namespace.
type Conn struct{}
