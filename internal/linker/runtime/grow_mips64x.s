// This is assembled behind asm_mips64x.s of package runtime.

// What a function with a frame begins with, in a call (see folder mips): it goes on with R3,
// the way back, in its frame, if the stack is large enough. Otherwise morestack makes it
// larger, and the function begins again: LR becomes where it begins, three words in front of
// where it would go on, and SP what it was. The word in front of that has taken the size of
// the frame from it: ADDVU $-framesize, SP.

#ifdef GOARCH_mips64
#define FRAMESIZE -2(R31)
#else
#define FRAMESIZE -4(R31)
#endif

#define CHECK \
	MOVV	16(g), R1; \
	SGTU	R29, R1, R1; \
	BEQ	R1, more; \
	MOVV	R3, (R29); \
	JMP	(R31)

#define BACK \
	MOVH	FRAMESIZE, R1; \
	SUBVU	R1, R29; \
	ADDVU	$-12, R31

TEXT runtime·grow(SB), NOSPLIT|NOFRAME, $0-0
	CHECK
more:
	BACK
	JMP	runtime·morestack(SB)

TEXT runtime·grow_noctxt(SB), NOSPLIT|NOFRAME, $0-0
	CHECK
more:
	BACK
	MOVV	R0, REGCTXT
	JMP	runtime·morestack(SB)

// What a write barrier calls (see folder ssa): room for pointers that the collector wants to
// know of, in R25, or for such that it does not.

#define BARRIER(name, more) \
TEXT name<ABIInternal>(SB), NOSPLIT|NOFRAME, $0-0; \
	MOVWU	runtime·writeBarrier(SB), R25; \
	BNE	R25, wanted; \
	MOVV	$runtime·unread(SB), R25; \
	JMP	(R31); \
wanted: \
	JMP	more(SB)

GLOBL runtime·unread(SB), NOPTR, $64

// What a function returns by a jump to (see mips/return.go): each size of a frame has four words,
// the last of which is in the slot of the third. The second is ADDVU $size, SP: the assembler
// would take the frame for one of this function.

#define BACK1(n) MOVV (R29), R31; WORD $(0x67bd0000+n); JMP (R31)
#define BACK4(n) BACK1(n); BACK1((n+8)); BACK1((n+16)); BACK1((n+24))
#define BACK16(n) BACK4(n); BACK4((n+32)); BACK4((n+64)); BACK4((n+96))

TEXT runtime·back(SB), NOSPLIT|NOFRAME, $0-0
	BACK16(8)
	BACK16(136)
