//go:build linux

package main

// A target is a kernel, and the machine that QEMU makes for it.
type target struct {
	name string

	suite  string // Debian's: "bookworm"; none for a kernel that was built here
	arch   string // Debian's name of the architecture
	pkg    string // regexp over package names; the newest that matches is taken
	kernel string // glob of the image in the packages
	local  string // the image in the cache, of a kernel that mips.sh built: it has no modules

	env     string // how Go is told of the architecture; ARMv6 runs what is released, which is for ARMv5
	qemu    string // the program, its machine and memory
	console string
	args    string // more for the kernel's command line
	gzip    bool   // the initramfs has to be small
	apart   bool   // it is only taken by its whole name: what it lacks is what it is for
}

const (
	vmlinuz = "boot/vmlinu?-*"
	newer   = "usr/lib/modules/*/vmlinuz" // since Debian's packages of 7.x
)

// steady has the machine's clock go by instructions. By the host's clock, a kernel that sets raspi0's timer for
// what has just gone by sleeps until its counter comes round, 71 minutes. (On malta, it hangs by instructions.)
const steady = " -icount shift=2,sleep=off"

const (
	// QEMU 7.2 gets the flags of cmpxchg16b wrong: without cx16, Linux uses none. Pages are found by four tables,
	// not five (la57).
	x86   = "qemu-system-x86_64 -M q35 -cpu max,-cx16,-la57 -m 1024 -serial stdio"
	i386  = "qemu-system-i386 -M q35 -cpu max -m 1024 -serial stdio"
	s390  = "qemu-system-s390x -M s390-ccw-virtio -cpu max -m 1024 -chardev stdio,id=c -device sclpconsole,chardev=c"
	aarch = "qemu-system-aarch64 -M virt -cpu cortex-a57 -m 1024 -serial stdio"
	// Its kernels have large physical addresses (LPAE): others guard the user's memory by domains, and QEMU
	// forgets all addresses when those change, twice in each system call.
	arm    = "qemu-system-arm -M virt -cpu cortex-a15 -m 1024 -serial stdio"
	rpi0   = "qemu-system-arm -M raspi0 -serial stdio -dtb {dtb:bcm2835-rpi-zero.dtb}" + steady
	mipsle = "qemu-system-mipsel -M malta -cpu P5600 -m 1024 -serial stdio"
	mips   = "qemu-system-mips -M malta -cpu P5600 -m 1024 -serial stdio"
	mips6l = "qemu-system-mips64el -M malta -cpu MIPS64R2-generic -m 1024 -serial stdio"
	mips6b = "qemu-system-mips64 -M malta -cpu MIPS64R2-generic -m 1024 -serial stdio"
	ppc    = "qemu-system-ppc64 -M pseries,x-vof=on -cpu power9 -m 1024 -serial stdio"
	riscv  = "qemu-system-riscv64 -M virt -m 1024 -serial stdio"
)

// soft is without a floating-point unit, as softfloat is for. P5600 has one of a later standard than
// programs ask for, but it has 64 entries in its TLB where 24Kf has 16, which is three times as fast.
const soft = "nofpu ieee754=relaxed"

// Kernels of Debian from the oldest that its archive still has to the newest, of the
// architectures that Debian has one for. armel is not built for any more after
// bookworm, nor are mipsel and mips64el. What takes longest begins.
var targets = []target{
	{name: "s390x-6.1", suite: "bookworm", arch: "s390x", pkg: `linux-image-6\.1\.0-\d+-s390x`, env: "GOARCH=s390x", qemu: s390, kernel: vmlinuz, console: "ttysclp0"},
	{name: "amd64-5.10", suite: "bullseye", arch: "amd64", pkg: `linux-image-5\.10\.0-\d+-cloud-amd64`, env: "GOARCH=amd64", qemu: x86, kernel: vmlinuz, console: "ttyS0"},
	{name: "amd64-6.1", suite: "bookworm", arch: "amd64", pkg: `linux-image-6\.1\.0-\d+-cloud-amd64`, env: "GOARCH=amd64", qemu: x86, kernel: vmlinuz, console: "ttyS0"},
	{name: "amd64-6.12", suite: "trixie", arch: "amd64", pkg: `linux-image-6\.12\.\d+\+deb13-cloud-amd64`, env: "GOARCH=amd64", qemu: x86, kernel: vmlinuz, console: "ttyS0"},
	{name: "amd64-6.18", suite: "trixie-backports", arch: "amd64", pkg: `linux-image-6\.18\.\d+\+deb13-cloud-amd64`, env: "GOARCH=amd64", qemu: x86, kernel: vmlinuz, console: "ttyS0"},
	{name: "amd64-7", suite: "trixie-backports", arch: "amd64", pkg: `linux-image-7\.\d+\.\d+\+deb13-cloud-amd64`, env: "GOARCH=amd64", qemu: x86, kernel: newer, console: "ttyS0"},
	{name: "arm64-6.1", suite: "bookworm", arch: "arm64", pkg: `linux-image-6\.1\.0-\d+-cloud-arm64`, env: "GOARCH=arm64", qemu: aarch, kernel: vmlinuz, console: "ttyAMA0"},
	{name: "armv5-5.10", suite: "bullseye", arch: "armhf", pkg: `linux-image-5\.10\.0-\d+-armmp-lpae`, env: "GOARCH=arm GOARM=5", qemu: arm, kernel: vmlinuz, console: "ttyAMA0"},
	{name: "armv6-6.1", suite: "bookworm", arch: "armel", pkg: `linux-image-6\.1\.0-\d+-rpi`, env: "GOARCH=arm GOARM=5", qemu: rpi0, kernel: vmlinuz, console: "ttyAMA0",
		args: "initcall_blacklist=bcm2835_power_driver_init"}, // QEMU has no such device
	{name: "armv7-6.1", suite: "bookworm", arch: "armhf", pkg: `linux-image-6\.1\.0-\d+-armmp-lpae`, env: "GOARCH=arm GOARM=7", qemu: arm, kernel: vmlinuz, console: "ttyAMA0"},
	{name: "386-6.1", suite: "bookworm", arch: "i386", pkg: `linux-image-6\.1\.0-\d+-686-pae`, env: "GOARCH=386", qemu: i386, kernel: vmlinuz, console: "ttyS0"},
	{name: "mips-6.1", env: "GOARCH=mips GOMIPS=softfloat", qemu: mips, local: "vmlinux-mips", console: "ttyS0", args: soft},
	{name: "mips-cut-6.1", env: "GOARCH=mips GOMIPS=softfloat", qemu: mips, local: "vmlinux-mips-cut", console: "ttyS0", args: soft, apart: true},
	{name: "mipsle-6.1", suite: "bookworm", arch: "mipsel", pkg: `linux-image-6\.1\.0-\d+-4kc-malta`, env: "GOARCH=mipsle GOMIPS=softfloat", qemu: mipsle, kernel: vmlinuz, console: "ttyS0", gzip: true,
		args: "rootfstype=ramfs " + soft}, // a tmpfs would hold half of 256 MB
	{name: "mips64-6.1", env: "GOARCH=mips64 GOMIPS64=softfloat", qemu: mips6b, local: "vmlinux-mips64", console: "ttyS0"},
	{name: "mips64le-6.1", suite: "bookworm", arch: "mips64el", pkg: `linux-image-6\.1\.0-\d+-5kc-malta`, env: "GOARCH=mips64le GOMIPS64=softfloat", qemu: mips6l, kernel: vmlinuz, console: "ttyS0", gzip: true},
	{name: "ppc64le-6.1", suite: "bookworm", arch: "ppc64el", pkg: `linux-image-6\.1\.0-\d+-powerpc64le`, env: "GOARCH=ppc64le", qemu: ppc, kernel: vmlinuz, console: "hvc0"},
	{name: "riscv64-6.12", suite: "trixie", arch: "riscv64", pkg: `linux-image-6\.12\.\d+\+deb13-riscv64`, env: "GOARCH=riscv64", qemu: riscv, kernel: vmlinuz, console: "ttyS0"},
}

// allModules are what the kernels are to have loaded: what the tests use, and each kind
// of link.
const allModules = "veth bridge br_netfilter nf_tables nf_conntrack nf_nat nft_chain_nat nft_compat nft_masq nft_nat nft_ct" +
	" nft_redir nft_fib nft_fib_ipv4 nft_fib_ipv6 nft_fib_inet nft_reject nft_reject_ipv4 nft_reject_ipv6 nft_reject_inet nft_reject_bridge nft_reject_netdev nft_dup_ipv6 nft_fib_netdev nft_limit nft_quota nft_connlimit nft_hash nft_numgen nft_socket nft_osf nft_xfrm nft_tunnel nft_synproxy nft_log nft_queue nft_tproxy nft_objref nft_dup_ipv4 nft_dup_netdev nft_fwd_netdev" +
	" nft_flow_offload nft_counter nft_set_rbtree nft_meta_bridge nf_conntrack_bridge nfnetlink nfnetlink_log nfnetlink_queue nf_conntrack_netlink nf_flow_table nf_flow_table_inet nf_log_syslog nf_log_common nf_log_ipv4 nf_log_ipv6 nf_log_arp nf_log_bridge nf_log_netdev" +
	" ip_tables iptable_filter iptable_nat iptable_mangle iptable_raw ip6_tables ip6table_filter ip6table_nat ip6table_mangle ip6table_raw x_tables ipt_REJECT ip6t_REJECT xt_REDIRECT xt_MASQUERADE xt_nat xt_state xt_connmark xt_CONNMARK xt_CT xt_TCPMSS xt_NFLOG xt_NFQUEUE xt_set xt_mac xt_iprange xt_length xt_ttl ipt_ttl xt_hl xt_owner xt_physdev xt_pkttype xt_recent xt_statistic xt_string xt_tcpmss xt_time xt_u32 xt_icmp xt_hashlimit xt_helper xt_dscp xt_DSCP xt_cgroup xt_bpf xt_cluster xt_connlimit xt_connbytes xt_connlabel xt_policy xt_quota xt_realm xt_rpfilter xt_sctp xt_dccp xt_esp xt_ecn xt_cpu xt_devgroup xt_socket xt_TPROXY xt_TRACE xt_CHECKSUM xt_CLASSIFY xt_NETMAP xt_RATEEST xt_SYNPROXY ipt_SYNPROXY xt_HL xt_AUDIT xt_LED xt_conntrack xt_comment xt_addrtype xt_mark xt_multiport xt_tcpudp xt_limit xt_LOG ebtables" +
	" dummy ifb 8021q macvlan macvtap ipvlan ipvtap vxlan geneve bonding team vrf wireguard ip_gre ip6_gre ipip sit ip6_tunnel xfrm_interface" +
	" nlmon vcan tun sch_netem sch_tbf sch_fq_codel sch_htb sch_ingress cls_u32 cls_flower cls_matchall act_mirred hsr macsec bareudp netdevsim" +
	" af_packet sctp ipv6 psample"
