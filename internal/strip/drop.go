//go:build linux

package main

import "slices"

// drop removes from every function what only tracebacks read. An offset of
// none says to the runtime that there is no such table, and it prints "?".
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
		needed, err := tab.needsInlined(*f)
		if err != nil {
			return err
		}
		if !needed {
			f.dropPcdata(pcdataInlTreeIndex)
			f.dropFuncdata(funcdataInlTree)
		}
		f.trim()
	}
	return nil
}

// needsInlined says whether the runtime has to know of the calls that were
// inlined into f for another reason than to print them:
//
//   - a goroutine is not preempted in an inlined function of the runtime or of
//     reflect (isAsyncSafePoint),
//   - recover counts the frames between it and the panic, and leaves out those
//     of wrappers (gorecover). A wrapper with an inlined function in it is two.
//     Any other function is one at least, and more than one are all the same.
//     The function that calls recover is never inlined.
func (tab *pclntab) needsInlined(f function) (bool, error) {
	calls := tab.inlined(f)
	if calls == nil {
		return false, nil
	}
	name, err := tab.name(tab.Uint32(f.record[funcName:]))
	if err != nil {
		return false, err
	}
	needed := !plain(name) || f.record[funcID] != 0
	for call := range slices.Chunk(calls, inlSize) {
		if name, err = tab.name(tab.Uint32(call[inlName:])); err != nil {
			return false, err
		}
		needed = needed || !plain(name) || call[inlFuncID] != 0
	}
	return needed, nil
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
