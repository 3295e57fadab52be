// This is assembled behind asm_ppc64x.s of package runtime.

// What a function with a frame begins with, in a call (see folder ppc64): R31 is what LR was,
// R22 the size of the frame, negative. If the stack is large enough the function goes on with
// both as they have to be, skip bytes behind where it would. Otherwise n arguments are
// kept where the caller left room for them, morestack makes the stack larger, and the
// function goes on where it gets them back, and begins again.

#define KEEP0 OR R0, R0
#define KEEP1 MOVD R3, 32(R1)
#define KEEP2 KEEP1; MOVD R4, 40(R1)
#define KEEP3 KEEP2; MOVD R5, 48(R1)
#define KEEP4 KEEP3; MOVD R6, 56(R1)
#define KEEP5 KEEP4; MOVD R7, 64(R1)
#define KEEP6 KEEP5; MOVD R8, 72(R1)
#define KEEP7 KEEP6; MOVD R9, 80(R1)
#define KEEP8 KEEP7; MOVD R10, 88(R1)
#define KEEP9 KEEP8; MOVD R14, 96(R1)
#define KEEP10 KEEP9; MOVD R15, 104(R1)
#define KEEP11 KEEP10; MOVD R16, 112(R1)
#define KEEP12 KEEP11; MOVD R17, 120(R1)

#define CTXT OR R0, R0
#define NOCTXT MOVD R0, R11

#define GROW(name, skip, keep, ctxt) \
TEXT name(SB), NOSPLIT|NOFRAME, $0-0; \
	ADD	R1, R22; \
	MOVD	16(g), R23; \
	CMPU	R22, R23; \
	BLE	more; \
	MOVD	LR, R23; \
	ADD	$skip, R23; \
	MOVD	R23, CTR; \
	MOVD	R31, LR; \
	MOVD	R31, (R22); \
	MOVD	R22, R1; \
	BR	(CTR); \
more: \
	keep; \
	MOVD	R31, R5; \
	ctxt; \
	BR	runtime·morestack(SB)

GROW(runtime·grow, 4, KEEP0, CTXT)
GROW(runtime·grow1, 8, KEEP1, CTXT)
GROW(runtime·grow2, 12, KEEP2, CTXT)
GROW(runtime·grow3, 16, KEEP3, CTXT)
GROW(runtime·grow4, 20, KEEP4, CTXT)
GROW(runtime·grow5, 24, KEEP5, CTXT)
GROW(runtime·grow6, 28, KEEP6, CTXT)
GROW(runtime·grow7, 32, KEEP7, CTXT)
GROW(runtime·grow8, 36, KEEP8, CTXT)
GROW(runtime·grow9, 40, KEEP9, CTXT)
GROW(runtime·grow10, 44, KEEP10, CTXT)
GROW(runtime·grow11, 48, KEEP11, CTXT)
GROW(runtime·grow12, 52, KEEP12, CTXT)

GROW(runtime·grow_noctxt, 4, KEEP0, NOCTXT)
GROW(runtime·grow_noctxt1, 8, KEEP1, NOCTXT)
GROW(runtime·grow_noctxt2, 12, KEEP2, NOCTXT)
GROW(runtime·grow_noctxt3, 16, KEEP3, NOCTXT)
GROW(runtime·grow_noctxt4, 20, KEEP4, NOCTXT)
GROW(runtime·grow_noctxt5, 24, KEEP5, NOCTXT)
GROW(runtime·grow_noctxt6, 28, KEEP6, NOCTXT)
GROW(runtime·grow_noctxt7, 32, KEEP7, NOCTXT)
GROW(runtime·grow_noctxt8, 36, KEEP8, NOCTXT)
GROW(runtime·grow_noctxt9, 40, KEEP9, NOCTXT)
GROW(runtime·grow_noctxt10, 44, KEEP10, NOCTXT)
GROW(runtime·grow_noctxt11, 48, KEEP11, NOCTXT)
GROW(runtime·grow_noctxt12, 52, KEEP12, NOCTXT)
