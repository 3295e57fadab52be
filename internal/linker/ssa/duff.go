//go:build ignore

package ssa

import (
	"cmd/compile/internal/types"
	"internal/buildcfg"
)

// duffWords is how many words the functions of folder runtime copy, or set to zero: as many
// as are behind the place where they are called.
const duffWords = 64

// duff says whether s bytes of a type are copied, or set to zero, by these functions on
// MIPS, as they are on MIPS64. Go has a loop for each, of up to nine instructions.
func duff(s int64, t *types.Type) bool {
	return s%4 == 0 && s <= 4*duffWords && t.Alignment()%4 == 0
}

// The instructions of MIPS64 for them are for MIPS too, where other bits are its registers.
func init() {
	if buildcfg.GOARCH != "mips" && buildcfg.GOARCH != "mipsle" {
		return
	}
	const r1, r2, link = 1 << 1, 1 << 2, 1 << 28
	opcodeTable[OpMIPS64DUFFZERO].reg = regInfo{inputs: []inputInfo{{0, r1}}, clobbers: r1 | link}
	opcodeTable[OpMIPS64DUFFCOPY].reg = regInfo{inputs: []inputInfo{{0, r2}, {1, r1}}, clobbers: r1 | r2 | link}
}
