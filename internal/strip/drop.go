//go:build linux

package main

import "slices"

// drop removes from every function what only tracebacks read, and what the
// runtime has no use for in this function. An offset of 0 or none says to it
// that there is no such table.
func (tab *pclntab) drop() error {
	for i := range tab.funcs {
		f := &tab.funcs[i]
		for _, field := range []int{funcPcfile, funcPcln, funcCU, funcStartLine} {
			tab.PutUint32(f.record[field:], 0)
		}
		f.dropPcdata(pcdataArgLiveIndex)
		f.dropFuncdata(funcdataArgInfo)
		f.dropFuncdata(funcdataArgLiveInfo)
		f.dropFuncdata(funcdataWrapInfo)
		if f.record[funcID] == 0 {
			if err := tab.dropUnused(f); err != nil {
				return err
			}
		}
		f.trim()
	}
	return nil
}

// dropUnused removes tables of an ordinary function that have a use only in
// others. Apart from tracebacks,
//
//   - isAsyncSafePoint reads where a goroutine may be preempted, and the name
//     of the function there, inlined or not. It is not preempted in functions
//     of the runtime and of reflect, in none of their instructions.
//   - gorecover counts the frames between recover and the panic, and leaves
//     out those of wrappers, which are not ordinary functions. With any call
//     inlined into it, an ordinary function that does not call recover itself
//     is too much. One that does is itself never inlined.
func (tab *pclntab) dropUnused(f *function) error {
	name, err := tab.name(tab.Uint32(f.record[funcName:]))
	if err != nil {
		return err
	}
	if !plain(name) {
		f.dropPcdata(pcdataUnsafePoint)
	} else {
		for call := range slices.Chunk(tab.inlined(*f), inlSize) {
			if name, err = tab.name(tab.Uint32(call[inlName:])); err != nil {
				return err
			}
			if !plain(name) {
				return nil // inlined calls are needed
			}
		}
	}
	f.dropPcdata(pcdataInlTreeIndex)
	f.dropFuncdata(funcdataInlTree)
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
