// This is assembled behind asm_mipsx.s of package runtime.

// What a function with a frame begins with, in a call (see folder mips): it goes on with LR
// as it was, which is in R3, if the stack is large enough. Otherwise morestack makes it
// larger, and the function begins again: LR becomes where it begins, three words in front of
// where it would go on, and SP what it was. The word in front of that has taken the size of
// the frame from it: ADDU $-framesize, SP.

#ifdef GOARCH_mips
#define FRAMESIZE -2(R31)
#else
#define FRAMESIZE -4(R31)
#endif

#define CHECK \
	MOVW	8(g), R1; \
	SGTU	R29, R1, R1; \
	BEQ	R1, more; \
	MOVW	R31, R2; \
	MOVW	R3, R31; \
	JMP	(R2)

#define BACK \
	MOVH	FRAMESIZE, R1; \
	SUBU	R1, R29; \
	ADDU	$-12, R31

TEXT runtime·grow(SB), NOSPLIT|NOFRAME, $0-0
	CHECK
more:
	BACK
	JMP	runtime·morestack(SB)

TEXT runtime·grow_noctxt(SB), NOSPLIT|NOFRAME, $0-0
	CHECK
more:
	BACK
	MOVW	R0, REGCTXT
	JMP	runtime·morestack(SB)
