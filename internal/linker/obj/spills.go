//go:build ignore

package obj

// TakeSpills says how many arguments a function has, and forgets where it keeps them
// when its stack is made larger, if that is where the functions of folder runtime do:
// each in one of regs, in their order, and in a word of its own from the offset on.
// It is 0, and nothing is forgotten, if there are none or they are not like this.
func (fi *FuncInfo) TakeSpills(offset, word int64, regs ...int16) int {
	n := len(fi.spills)
	if n > len(regs) {
		return 0
	}
	for i, s := range fi.spills {
		if s.Reg != regs[i] || s.Reg2 != 0 || s.Addr.Offset != offset+int64(i)*word {
			return 0
		}
	}
	fi.spills = nil
	return n
}
