//go:build linux

package main

import "bytes"

// drop removes from every function what only tracebacks read, and what the
// runtime has no use for in this function. An offset of 0 or none says to it
// that there is no such table.
func (tab *pclntab) drop() error {
	tab.pctab = bytes.Clone(tab.pctab) // it grows, and is of the file
	for i := range tab.funcs {
		f := &tab.funcs[i]
		for _, field := range []int{funcPcfile, funcPcln, funcCU, funcStartLine} {
			tab.PutUint32(f.record[field:], 0)
		}
		f.dropPcdata(pcdataUnsafePoint) // see stops.go
		f.dropPcdata(pcdataArgLiveIndex)
		f.dropFuncdata(funcdataArgInfo)
		f.dropFuncdata(funcdataArgLiveInfo)
		f.dropFuncdata(funcdataWrapInfo)
		if f.record[funcID] == 0 {
			// gorecover counts the frames between recover and the panic, and leaves out
			// those of wrappers, which are not ordinary functions. With any call inlined
			// into it, an ordinary function that does not call recover itself is too
			// much. One that does is itself never inlined.
			f.dropPcdata(pcdataInlTreeIndex)
			f.dropFuncdata(funcdataInlTree)
		}
		f.trim()
		if err := tab.settle(f); err != nil {
			return err
		}
	}
	return nil
}

func (f *function) dropPcdata(i int) {
	if i < len(f.pcdata) {
		f.pcdata[i] = 0
	}
}

func (f *function) dropFuncdata(i int) {
	if i < len(f.funcdata) {
		f.funcdata[i] = none
	}
}

// trim shortens the lists to the last table that is there.
func (f *function) trim() {
	for n := len(f.pcdata); n > 0 && f.pcdata[n-1] == 0; n-- {
		f.pcdata = f.pcdata[:n-1]
	}
	for n := len(f.funcdata); n > 0 && f.funcdata[n-1] == none; n-- {
		f.funcdata = f.funcdata[:n-1]
	}
}
