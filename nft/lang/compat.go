//go:build linux

package lang

import (
	"github.com/minins/minins/nft"
	"github.com/minins/minins/nft/xt"
)

// IsCompat says whether a rule is one of iptables.
func IsCompat(r *nft.Rule) bool {
	for _, e := range r.Exprs {
		switch e.(type) {
		case *nft.Match, *nft.Target:
			return true
		}
	}
	return false
}

// An Xtables is a match or a target of iptables that the language has no words for.
type Xtables struct {
	Kind string // "match" or "target"
	Name string
}

// compat takes a match or a target of iptables for the expressions that do the same.
func (d *decompiler) compat(kind string, info xt.Info) {
	if info == nil {
		return
	}
	switch info := info.(type) {
	case *xt.Comment: // nft does not show it
		return
	case *xt.SetMark:
		mask := numberValue(&dtMark, uint64(^info.Mask), 4)
		mark := numberValue(&dtMark, uint64(info.Mark), 4)
		sel := metaSelector(keyNamed(metaKeys, "mark"))
		if all(mask.Data, 0) {
			d.add(&Assign{sel, mark})
			return
		}
		d.add(&Assign{sel, &Masked{X: sel, Mask: mask, Xor: mark}})
		return
	}
	exprs, ok := nft.Native(d.family, info)
	if !ok {
		d.add(&Xtables{kind, info.Name()})
		return
	}
	for _, e := range exprs {
		d.expr(e)
	}
}
