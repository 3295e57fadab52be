// This is assembled behind asm_amd64.s of package runtime.

// What morestack does for a function with n arguments, each in a register and none
// anywhere else. It may change all registers, and the collector may look for pointers
// meanwhile: so the arguments are kept where the caller left room for them, above
// two return addresses. A function does that itself otherwise.

#define KEEP1 MOVQ AX, 16(SP)
#define KEEP2 KEEP1; MOVQ BX, 24(SP)
#define KEEP3 KEEP2; MOVQ CX, 32(SP)
#define KEEP4 KEEP3; MOVQ DI, 40(SP)
#define KEEP5 KEEP4; MOVQ SI, 48(SP)
#define KEEP6 KEEP5; MOVQ R8, 56(SP)
#define KEEP7 KEEP6; MOVQ R9, 64(SP)
#define KEEP8 KEEP7; MOVQ R10, 72(SP)
#define KEEP9 KEEP8; MOVQ R11, 80(SP)

#define BACK1 MOVQ 16(SP), AX
#define BACK2 BACK1; MOVQ 24(SP), BX
#define BACK3 BACK2; MOVQ 32(SP), CX
#define BACK4 BACK3; MOVQ 40(SP), DI
#define BACK5 BACK4; MOVQ 48(SP), SI
#define BACK6 BACK5; MOVQ 56(SP), R8
#define BACK7 BACK6; MOVQ 64(SP), R9
#define BACK8 BACK7; MOVQ 72(SP), R10
#define BACK9 BACK8; MOVQ 80(SP), R11

#define GROW(name, morestack, keep, back) \
TEXT name(SB), NOSPLIT|NOFRAME, $0-0; \
	keep; \
	CALL morestack(SB); \
	back; \
	RET

GROW(runtime·morestack1, runtime·morestack, KEEP1, BACK1)
GROW(runtime·morestack2, runtime·morestack, KEEP2, BACK2)
GROW(runtime·morestack3, runtime·morestack, KEEP3, BACK3)
GROW(runtime·morestack4, runtime·morestack, KEEP4, BACK4)
GROW(runtime·morestack5, runtime·morestack, KEEP5, BACK5)
GROW(runtime·morestack6, runtime·morestack, KEEP6, BACK6)
GROW(runtime·morestack7, runtime·morestack, KEEP7, BACK7)
GROW(runtime·morestack8, runtime·morestack, KEEP8, BACK8)
GROW(runtime·morestack9, runtime·morestack, KEEP9, BACK9)

GROW(runtime·morestack_noctxt1, runtime·morestack_noctxt, KEEP1, BACK1)
GROW(runtime·morestack_noctxt2, runtime·morestack_noctxt, KEEP2, BACK2)
GROW(runtime·morestack_noctxt3, runtime·morestack_noctxt, KEEP3, BACK3)
GROW(runtime·morestack_noctxt4, runtime·morestack_noctxt, KEEP4, BACK4)
GROW(runtime·morestack_noctxt5, runtime·morestack_noctxt, KEEP5, BACK5)
GROW(runtime·morestack_noctxt6, runtime·morestack_noctxt, KEEP6, BACK6)
GROW(runtime·morestack_noctxt7, runtime·morestack_noctxt, KEEP7, BACK7)
GROW(runtime·morestack_noctxt8, runtime·morestack_noctxt, KEEP8, BACK8)
GROW(runtime·morestack_noctxt9, runtime·morestack_noctxt, KEEP9, BACK9)
