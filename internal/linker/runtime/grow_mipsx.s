// This is assembled behind asm_mipsx.s of package runtime.

// What a function with a frame begins with, in a call (see folder mips): it goes on with R3,
// the way back, in its frame, if the stack is large enough. Otherwise morestack makes it
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
	MOVW	R3, (R29); \
	JMP	(R31)

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

// What a write barrier calls (see folder ssa): room for pointers that the collector wants to
// know of, in R25, or for such that it does not.

#define BARRIER(name, more) \
TEXT name<ABIInternal>(SB), NOSPLIT|NOFRAME, $0-0; \
	MOVW	runtime·writeBarrier(SB), R25; \
	BNE	R25, wanted; \
	MOVW	$runtime·unread(SB), R25; \
	JMP	(R31); \
wanted: \
	JMP	more(SB)

GLOBL runtime·unread(SB), NOPTR, $32

// What copies words from where R1 is to where R2 is, and what sets words to zero from R1 on: as
// many as are behind the place where it is called (see ssa/duff.go).

#define COPY MOVW (R1), R23; ADDU $4, R1; MOVW R23, (R2); ADDU $4, R2
#define COPY4 COPY; COPY; COPY; COPY
#define COPY16 COPY4; COPY4; COPY4; COPY4

TEXT runtime·duffcopy<ABIInternal>(SB), NOSPLIT|NOFRAME, $0-0
	COPY16; COPY16; COPY16; COPY16
	JMP	(R31)

#define ZERO MOVW R0, (R1); ADDU $4, R1
#define ZERO4 ZERO; ZERO; ZERO; ZERO
#define ZERO16 ZERO4; ZERO4; ZERO4; ZERO4

TEXT runtime·duffzero<ABIInternal>(SB), NOSPLIT|NOFRAME, $0-0
	ZERO16; ZERO16; ZERO16; ZERO16
	JMP	(R31)

// What a function returns by a jump to (see mips/return.go): each size of a frame has four words,
// the last of which is in the slot of the third. The second is ADDU $size, SP: the assembler
// would take the frame for one of this function.

#define BACK1(n) MOVW (R29), R31; WORD $(0x27bd0000+n); JMP (R31)
#define BACK4(n) BACK1(n); BACK1((n+4)); BACK1((n+8)); BACK1((n+12))
#define BACK16(n) BACK4(n); BACK4((n+16)); BACK4((n+32)); BACK4((n+48))

TEXT runtime·back(SB), NOSPLIT|NOFRAME, $0-0
	BACK16(4)
	BACK16(68)
	BACK16(132)
	BACK16(196)
