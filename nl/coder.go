//go:build linux

package nl

// A Message presents its wire layout to a Coder.
type Message interface{ Fields(c *Coder) }

// A Coder walks one message.
type Coder struct{}
