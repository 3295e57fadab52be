//go:build linux

package nsfs

// OpenPidfdByProc is OpenPidfd where the kernel has no PIDFD_GET_NET_NAMESPACE.
var OpenPidfdByProc = openPidfd
