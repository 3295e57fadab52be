// This is assembled behind asm_arm.s of package runtime.

// What a function with a frame begins with, in a call (see folder arm). grow takes the
// size of the frame from the function's first instruction, which has added a quarter of it to the
// way back, makes the frame if the stack is large enough, puts the way back there, and goes on.
// The others go on with the way back in LR, which is in R3, if the stack is large enough for a
// frame of up to more bytes and what any function may use. Otherwise morestack makes it larger,
// and the function begins again, two instructions in front of where it would go on.

#define CTXT MOVW R7, R7
#define NOCTXT MOVW $0, R7

#define GROW(name, ctxt) \
TEXT name(SB), NOSPLIT|NOFRAME, $0-0; \
	MOVW	-8(LR), R2; \
	AND	$255, R2; \
	SUB	R2, R3; \
	SUB	R2<<2, R13, R2; \
	MOVW	8(g), R1; \
	CMP	R1, R2; \
	BLS	small; \
	MOVW	R3, (R2); \
	MOVW	R2, R13; \
	B	(LR); \
small: \
	SUB	$8, LR; \
	ctxt; \
	B	runtime·morestack(SB)

#define GROWBIG(name, more, ctxt) \
TEXT name(SB), NOSPLIT|NOFRAME, $0-0; \
	MOVW	8(g), R1; \
	SUB	$more, R13, R2; \
	CMP	R1, R2; \
	BLS	small; \
	MOVW	LR, R2; \
	MOVW	R3, LR; \
	B	(R2); \
small: \
	SUB	$8, LR; \
	ctxt; \
	B	runtime·morestack(SB)

GROW(runtime·grow, CTXT)
GROWBIG(runtime·grow_1k, 2048, CTXT)
GROWBIG(runtime·grow_4k, 5120, CTXT)

GROW(runtime·grow_noctxt, NOCTXT)
GROWBIG(runtime·grow_noctxt_1k, 2048, NOCTXT)
GROWBIG(runtime·grow_noctxt_4k, 5120, NOCTXT)

// What a write barrier calls (see folder ssa): room for pointers that the collector wants to
// know of, in R8, or for such that it does not.

#define BARRIER(name, more) \
TEXT name<ABIInternal>(SB), NOSPLIT|NOFRAME, $0-0; \
	MOVW	runtime·writeBarrier(SB), R8; \
	CMP	$0, R8; \
	BNE	wanted; \
	MOVW	$runtime·unread(SB), R8; \
	RET; \
wanted: \
	B	more(SB)

GLOBL runtime·unread(SB), NOPTR, $32
