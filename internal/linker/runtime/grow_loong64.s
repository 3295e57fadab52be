// This is assembled behind asm_loong64.s of package runtime.

// What a function with a frame begins with, in a call (see folder loong64): R31 is what LR was,
// R20 the size of the frame, negative. If the stack is large enough the function goes on with
// both as they have to be, skip bytes behind where it would. Otherwise n arguments are
// kept where the caller left room for them, morestack makes the stack larger, and the
// function goes on where it gets them back, and begins again.

#define KEEP0 NOOP
#define KEEP1 MOVV R4, 8(R3)
#define KEEP2 KEEP1; MOVV R5, 16(R3)
#define KEEP3 KEEP2; MOVV R6, 24(R3)
#define KEEP4 KEEP3; MOVV R7, 32(R3)
#define KEEP5 KEEP4; MOVV R8, 40(R3)
#define KEEP6 KEEP5; MOVV R9, 48(R3)
#define KEEP7 KEEP6; MOVV R10, 56(R3)
#define KEEP8 KEEP7; MOVV R11, 64(R3)
#define KEEP9 KEEP8; MOVV R12, 72(R3)
#define KEEP10 KEEP9; MOVV R13, 80(R3)
#define KEEP11 KEEP10; MOVV R14, 88(R3)
#define KEEP12 KEEP11; MOVV R15, 96(R3)
#define KEEP13 KEEP12; MOVV R16, 104(R3)
#define KEEP14 KEEP13; MOVV R17, 112(R3)
#define KEEP15 KEEP14; MOVV R18, 120(R3)
#define KEEP16 KEEP15; MOVV R19, 128(R3)

#define CTXT NOOP
#define NOCTXT MOVV R0, REGCTXT

#define GROW(name, skip, keep, ctxt) \
TEXT name(SB), NOSPLIT|NOFRAME, $0-0; \
	ADDV	R3, R20; \
	MOVV	16(g), R24; \
	SGTU	R20, R24, R24; \
	BEQ	R24, more; \
	ADDV	$skip, R1, R24; \
	MOVV	R31, R1; \
	MOVV	R1, (R20); \
	MOVV	R20, R3; \
	JMP	(R24); \
more: \
	keep; \
	ctxt; \
	JMP	runtime·morestack(SB)

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
GROW(runtime·grow13, 56, KEEP13, CTXT)
GROW(runtime·grow14, 60, KEEP14, CTXT)
GROW(runtime·grow15, 64, KEEP15, CTXT)
GROW(runtime·grow16, 68, KEEP16, CTXT)

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
GROW(runtime·grow_noctxt13, 56, KEEP13, NOCTXT)
GROW(runtime·grow_noctxt14, 60, KEEP14, NOCTXT)
GROW(runtime·grow_noctxt15, 64, KEEP15, NOCTXT)
GROW(runtime·grow_noctxt16, 68, KEEP16, NOCTXT)
