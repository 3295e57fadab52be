//go:build linux

package main

import (
	"cmp"
	"errors"
	"slices"
)

// packPctab makes the table of the runs that functions still refer to. One run
// may be the end of another, and is then not written again.
func (tab *pclntab) packPctab() ([]byte, error) {
	var runs []string
	err := tab.eachRun(func(run string, _ *uint32) { runs = append(runs, run) })
	if err != nil {
		return nil, err
	}
	slices.SortFunc(runs, func(a, b string) int { // the longest first
		return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b))
	})
	table := []byte{0} // no run has the offset 0
	places := make(map[string]uint32)
	for _, run := range runs {
		if _, ok := places[run]; ok {
			continue
		}
		for i := range run {
			if _, ok := places[run[i:]]; !ok {
				places[run[i:]] = uint32(len(table) + i)
			}
		}
		table = append(table, run...)
	}
	return table, tab.eachRun(func(run string, off *uint32) { *off = places[run] })
}

// eachRun calls do with every run of every function and with its offset, which
// do may change.
func (tab *pclntab) eachRun(do func(run string, off *uint32)) error {
	for _, f := range tab.funcs {
		pcsp := tab.Uint32(f.record[funcPcsp:])
		offs := []*uint32{&pcsp}
		for i := range f.pcdata {
			offs = append(offs, &f.pcdata[i])
		}
		for _, off := range offs {
			if *off == 0 {
				continue
			}
			run, err := cutRun(tab.pctab, int(*off))
			if err != nil {
				return err
			}
			do(run, off)
		}
		tab.PutUint32(f.record[funcPcsp:], pcsp)
	}
	return nil
}

// cutRun is the run at an offset of a table, the values of something by
// program counter: pairs of varints, the step of the value and that of the
// program counter, until a step of the value that is 0 and not the first (step
// and readvarint, runtime/symtab.go).
func cutRun(table []byte, off int) (string, error) {
	for i := off; i < len(table); {
		if table[i] == 0 && i > off {
			return string(table[off : i+1]), nil
		}
		for range 2 {
			for i < len(table) && table[i] >= 0x80 {
				i++
			}
			i++
		}
	}
	return "", errors.New("a table by program counter has no end")
}
