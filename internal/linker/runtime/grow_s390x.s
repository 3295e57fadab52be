// This is assembled behind asm_s390x.s of package runtime.

// What a function with a frame begins with, in a call (see folder s390x): R1 is the way back,
// R10 the size of the frame, negative. If the stack is large enough it goes on with the frame
// made, skip bytes behind where it would. Otherwise n arguments are kept where the caller left
// room for them, morestack makes the stack larger, and the function goes on where it
// calls what gets them back, and has it begin again; without arguments it begins again at once.

#define CTXT MOVD R1, R1
#define NOCTXT MOVD $0, R12

#define CHECK \
	ADD	R15, R10; \
	MOVD	16(g), R11; \
	CMPUBLE	R10, R11, more; \
	MOVD	LR, (R10); \
	MOVD	R10, R15

#define GROW0(name, ctxt) \
TEXT name(SB), NOSPLIT|NOFRAME, $0-0; \
	CHECK; \
	BR	(R1); \
more: \
	MOVD	LR, R5; \
	ADD	$-10, R1, LR; \
	ctxt; \
	BR	runtime·morestack(SB)

#define GROW(name, last, ctxt) \
TEXT name(SB), NOSPLIT|NOFRAME, $0-0; \
	CHECK; \
	ADD	$6, R1; \
	BR	(R1); \
more: \
	STMG	R2, last, 8(R15); \
	MOVD	LR, R5; \
	MOVD	R1, LR; \
	ctxt; \
	BR	runtime·morestack(SB)

#define AGAIN(name, last) \
TEXT name(SB), NOSPLIT|NOFRAME, $0-0; \
	LMG	8(R15), R2, last; \
	ADD	$-16, R1; \
	BR	(R1)

GROW0(runtime·grow, CTXT)
GROW(runtime·grow1, R2, CTXT)
GROW(runtime·grow2, R3, CTXT)
GROW(runtime·grow3, R4, CTXT)
GROW(runtime·grow4, R5, CTXT)
GROW(runtime·grow5, R6, CTXT)
GROW(runtime·grow6, R7, CTXT)
GROW(runtime·grow7, R8, CTXT)
GROW(runtime·grow8, R9, CTXT)

GROW0(runtime·grow_noctxt, NOCTXT)
GROW(runtime·grow_noctxt1, R2, NOCTXT)
GROW(runtime·grow_noctxt2, R3, NOCTXT)
GROW(runtime·grow_noctxt3, R4, NOCTXT)
GROW(runtime·grow_noctxt4, R5, NOCTXT)
GROW(runtime·grow_noctxt5, R6, NOCTXT)
GROW(runtime·grow_noctxt6, R7, NOCTXT)
GROW(runtime·grow_noctxt7, R8, NOCTXT)
GROW(runtime·grow_noctxt8, R9, NOCTXT)

AGAIN(runtime·again1, R2)
AGAIN(runtime·again2, R3)
AGAIN(runtime·again3, R4)
AGAIN(runtime·again4, R5)
AGAIN(runtime·again5, R6)
AGAIN(runtime·again6, R7)
AGAIN(runtime·again7, R8)
AGAIN(runtime·again8, R9)

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

GLOBL runtime·unread(SB), NOPTR, $64
