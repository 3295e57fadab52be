//go:build linux

package iptables

import "github.com/minins/minins/nft/xt"

// An unknownExtension is a match or target that another iptables wrote.
type unknownExtension struct{ info xt.Info }

func (x *unknownExtension) name() string        { return x.info.Name() }
func (*unknownExtension) set(*setting) error    { return nil }
func (*unknownExtension) save() string          { return " [unsupported revision]" }
func (x *unknownExtension) list(*naming) string { return " UNKNOWN match `" + x.name() + "'" }
