//go:build ignore

package loader

// Moved is what has become of a function of which code has been taken out: where each of its
// instructions is now, counted in instructions, and the tables by program counter that it has
// instead of those of its object file.
type Moved struct {
	To                             []int32
	Pcsp, Pcfile, Pcline, Pcinline Sym
	Pcdata                         []Sym
}
