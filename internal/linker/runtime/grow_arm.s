// This is assembled behind asm_arm.s of package runtime.

// What a function with a frame begins with, in a call (see folder arm): it goes on with LR
// as it was, which is in R3, if the stack is large enough for a frame of up to more
// bytes and what any function may use. Otherwise morestack makes it larger, and the function
// begins again, two instructions in front of where it would go on.

#define CTXT MOVW R7, R7
#define NOCTXT MOVW $0, R7

#define GROW(name, more, ctxt) \
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

GROW(runtime·grow, 0, CTXT)
GROW(runtime·grow_1k, 1024, CTXT)
GROW(runtime·grow_4k, 4096, CTXT)

GROW(runtime·grow_noctxt, 0, NOCTXT)
GROW(runtime·grow_noctxt_1k, 1024, NOCTXT)
GROW(runtime·grow_noctxt_4k, 4096, NOCTXT)
