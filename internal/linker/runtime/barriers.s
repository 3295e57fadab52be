// This is assembled behind those of the other files that say what a BARRIER is.

BARRIER(runtime·barrier1, runtime·gcWriteBarrier1<ABIInternal>)
BARRIER(runtime·barrier2, runtime·gcWriteBarrier2<ABIInternal>)
BARRIER(runtime·barrier3, runtime·gcWriteBarrier3<ABIInternal>)
BARRIER(runtime·barrier4, runtime·gcWriteBarrier4<ABIInternal>)
BARRIER(runtime·barrier5, runtime·gcWriteBarrier5<ABIInternal>)
BARRIER(runtime·barrier6, runtime·gcWriteBarrier6<ABIInternal>)
BARRIER(runtime·barrier7, runtime·gcWriteBarrier7<ABIInternal>)
BARRIER(runtime·barrier8, runtime·gcWriteBarrier8<ABIInternal>)
