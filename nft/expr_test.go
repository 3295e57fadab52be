//go:build linux

package nft

import (
	"slices"
	"testing"
)

// TestKnown has newExpr agree with the types about their names.
func TestKnown(t *testing.T) {
	for _, name := range known {
		e := newExpr(name)
		if _, raw := e.(*Raw); raw || e.Name() != name {
			t.Errorf("newExpr(%q) is a %T named %q", name, e, e.Name())
		}
	}
	for _, name := range stateful {
		if !slices.Contains(known[:], name) {
			t.Errorf("%s is not known", name)
		}
	}
	if e, ok := newExpr("inner").(*Raw); !ok || e.Kind != "inner" {
		t.Errorf("an unknown expression is a %T", e)
	}
}
