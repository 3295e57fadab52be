//go:build linux

package main

import "math"

// Nobody but the runtime itself reads the tables of a stripped program, and it
// stops a goroutine where it likes only if the tables say that it may there:
// such a stop comes by a signal (isAsyncSafePoint, runtime/preempt.go).
// Elsewhere a goroutine stops in a call, as all did before Go 1.14: functions
// ask at their beginning whether the collector waits. A loop that calls nothing
// makes it wait until the loop is done.
//
// When no instruction is such a place, which of them are needs no table, and the
// others say something of calls and of what may panic alone.
const unsafePoint = -2 // internal/abi.UnsafePointUnsafe

// stopAtCalls lets goroutines stop in calls alone. They are not stopped elsewhere
// in functions of the runtime and of reflect, nor of assembly.
func (tab *pclntab) stopAtCalls() error {
	nowhere := tab.addRun(tab.run([]pcStep{{unsafePoint, math.MaxInt32}}, 0))
	for i := range tab.funcs {
		f := &tab.funcs[i]
		name, err := tab.name(tab.Uint32(f.record[funcName:]))
		if err != nil {
			return err
		}
		if !plain(name) || f.record[funcFlag] != 0 {
			continue
		}
		if len(f.pcdata) == 0 {
			f.pcdata = []uint32{0}
		}
		f.pcdata[pcdataUnsafePoint] = nowhere
	}
	return nil
}

// settle has a function make its frame at once, and keep it until its end: no
// call is made from the instructions that push, pop and return. What
// calls runtime.morestack has no frame, and is the first such part of a
// function or the last one, by architecture: it has more than one instruction.
func (tab *pclntab) settle(f *function) error {
	off := tab.Uint32(f.record[funcPcsp:])
	if off == 0 || f.record[funcFlag] != 0 { // of assembly, which may do anything
		return nil
	}
	run, err := cutRun(tab.pctab, int(off))
	if err != nil {
		return err
	}
	steps := tab.steps(run, f.entry)
	size, last := int32(0), 0
	for i, s := range steps {
		size = max(size, s.value)
		if s.value == 0 {
			last = i
		}
	}
	for i, s := range steps {
		switch s.value {
		case size:
		case 0:
			if i > 0 && (i < last || s.end-steps[i-1].end <= 4) { // it returns
				steps[i].value = size
			}
		case int32(tab.size): // the frame pointer is pushed
			steps[i].value = size
		default:
			return nil
		}
	}
	tab.PutUint32(f.record[funcPcsp:], tab.addRun(tab.run(steps, f.entry)))
	return nil
}

// addRun appends a run to the table, and returns its offset.
func (tab *pclntab) addRun(run []byte) uint32 {
	tab.pctab = append(tab.pctab, run...)
	return uint32(len(tab.pctab) - len(run))
}
