// This is assembled behind asm_386.s of package runtime.

// What a function with a frame begins with, in a call: it goes on if the stack is large
// enough for a frame of up to more bytes and what any function may use. Otherwise
// morestack makes it larger.

#define GROW(name, more, morestack) \
TEXT name(SB), NOSPLIT|NOFRAME, $0-0; \
again: \
	get_tls(CX); \
	MOVL	g(CX), CX; \
	LEAL	-more(SP), AX; \
	CMPL	AX, 8(CX); \
	JLS	small; \
	RET; \
small: \
	CALL	morestack(SB); \
	JMP	again

GROW(runtime·grow, 0, runtime·morestack)
GROW(runtime·grow_1k, 1024, runtime·morestack)
GROW(runtime·grow_4k, 4096, runtime·morestack)

GROW(runtime·grow_noctxt, 0, runtime·morestack_noctxt)
GROW(runtime·grow_noctxt_1k, 1024, runtime·morestack_noctxt)
GROW(runtime·grow_noctxt_4k, 4096, runtime·morestack_noctxt)
