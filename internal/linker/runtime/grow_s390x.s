// This is assembled behind asm_s390x.s of package runtime.

// What a function with a frame begins with, in a call (see folder s390x): R1 is the way back,
// R10 the size of the frame, negative. If the stack is large enough it goes on with the frame
// made, skip bytes behind where it would. Otherwise n arguments are kept where the caller left
// room for them, morestack makes the stack larger, and the function goes on where it
// gets them back, and begins again.

#define KEEP0 MOVD R1, R1
#define KEEP1 STMG R2, R2, 8(R15)
#define KEEP2 STMG R2, R3, 8(R15)
#define KEEP3 STMG R2, R4, 8(R15)
#define KEEP4 STMG R2, R5, 8(R15)
#define KEEP5 STMG R2, R6, 8(R15)
#define KEEP6 STMG R2, R7, 8(R15)
#define KEEP7 STMG R2, R8, 8(R15)
#define KEEP8 STMG R2, R9, 8(R15)

#define CTXT MOVD R1, R1
#define NOCTXT MOVD $0, R12

#define GROW(name, skip, keep, ctxt) \
TEXT name(SB), NOSPLIT|NOFRAME, $0-0; \
	ADD	R15, R10; \
	MOVD	16(g), R11; \
	CMPUBLE	R10, R11, more; \
	MOVD	LR, (R10); \
	MOVD	R10, R15; \
	ADD	$skip, R1; \
	BR	(R1); \
more: \
	keep; \
	MOVD	LR, R5; \
	MOVD	R1, LR; \
	ctxt; \
	BR	runtime·morestack(SB)

GROW(runtime·grow, 4, KEEP0, CTXT)
GROW(runtime·grow1, 10, KEEP1, CTXT)
GROW(runtime·grow2, 10, KEEP2, CTXT)
GROW(runtime·grow3, 10, KEEP3, CTXT)
GROW(runtime·grow4, 10, KEEP4, CTXT)
GROW(runtime·grow5, 10, KEEP5, CTXT)
GROW(runtime·grow6, 10, KEEP6, CTXT)
GROW(runtime·grow7, 10, KEEP7, CTXT)
GROW(runtime·grow8, 10, KEEP8, CTXT)

GROW(runtime·grow_noctxt, 4, KEEP0, NOCTXT)
GROW(runtime·grow_noctxt1, 10, KEEP1, NOCTXT)
GROW(runtime·grow_noctxt2, 10, KEEP2, NOCTXT)
GROW(runtime·grow_noctxt3, 10, KEEP3, NOCTXT)
GROW(runtime·grow_noctxt4, 10, KEEP4, NOCTXT)
GROW(runtime·grow_noctxt5, 10, KEEP5, NOCTXT)
GROW(runtime·grow_noctxt6, 10, KEEP6, NOCTXT)
GROW(runtime·grow_noctxt7, 10, KEEP7, NOCTXT)
GROW(runtime·grow_noctxt8, 10, KEEP8, NOCTXT)

// What a write barrier calls (see folder ssa): room for pointers that the collector wants to
// know of, in R9, or for such that it does not.

#define BARRIER(name, more) \
TEXT name<ABIInternal>(SB), NOSPLIT|NOFRAME, $0-0; \
	MOVWZ	runtime·writeBarrier(SB), R9; \
	CMPBNE	R9, $0, wanted; \
	MOVD	$runtime·unread(SB), R9; \
	BR	(R14); \
wanted: \
	BR	more(SB)

BARRIER(runtime·barrier1, runtime·gcWriteBarrier1<ABIInternal>)
BARRIER(runtime·barrier2, runtime·gcWriteBarrier2<ABIInternal>)
BARRIER(runtime·barrier3, runtime·gcWriteBarrier3<ABIInternal>)
BARRIER(runtime·barrier4, runtime·gcWriteBarrier4<ABIInternal>)
BARRIER(runtime·barrier5, runtime·gcWriteBarrier5<ABIInternal>)
BARRIER(runtime·barrier6, runtime·gcWriteBarrier6<ABIInternal>)
BARRIER(runtime·barrier7, runtime·gcWriteBarrier7<ABIInternal>)
BARRIER(runtime·barrier8, runtime·gcWriteBarrier8<ABIInternal>)

GLOBL runtime·unread(SB), NOPTR, $64
