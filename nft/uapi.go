//go:build linux

package nft

// What golang.org/x/sys/unix lacks of linux/netfilter/nf_tables.h, each with
// the header's name: requests that remove an object if it is there, for
// [Batch.Add]. Linux 6.3; before that they are refused with EINVAL.
const (
	MsgDestroyTable     = 26 // NFT_MSG_DESTROYTABLE, Linux 6.3
	MsgDestroyChain     = 27 // NFT_MSG_DESTROYCHAIN
	MsgDestroyRule      = 28 // NFT_MSG_DESTROYRULE
	MsgDestroySet       = 29 // NFT_MSG_DESTROYSET
	MsgDestroySetElem   = 30 // NFT_MSG_DESTROYSETELEM
	MsgDestroyObj       = 31 // NFT_MSG_DESTROYOBJ
	MsgDestroyFlowtable = 32 // NFT_MSG_DESTROYFLOWTABLE

	msgGetSetElemReset = 33 // NFT_MSG_GETSETELEM_RESET, Linux 6.5
)

const (
	attrTableHandle   = 4 // NFTA_TABLE_HANDLE
	attrTablePad      = 5 // NFTA_TABLE_PAD
	attrTableUserdata = 6 // NFTA_TABLE_USERDATA
	attrTableOwner    = 7 // NFTA_TABLE_OWNER

	attrChainFlags    = 10 // NFTA_CHAIN_FLAGS
	attrChainID       = 11 // NFTA_CHAIN_ID
	attrChainUserdata = 12 // NFTA_CHAIN_USERDATA

	attrHookDevs     = 4 // NFTA_HOOK_DEVS
	attrDeviceName   = 1 // NFTA_DEVICE_NAME
	attrDevicePrefix = 2 // NFTA_DEVICE_PREFIX

	attrRulePositionID = 10 // NFTA_RULE_POSITION_ID
	attrRuleChainID    = 11 // NFTA_RULE_CHAIN_ID

	attrSetDescConcat  = 2  // NFTA_SET_DESC_CONCAT
	attrSetFieldLen    = 1  // NFTA_SET_FIELD_LEN
	attrSetHandle      = 16 // NFTA_SET_HANDLE
	attrSetExpr        = 17 // NFTA_SET_EXPR
	attrSetExpressions = 18 // NFTA_SET_EXPRESSIONS
	attrSetType        = 19 // NFTA_SET_TYPE, Linux 6.16
	attrSetCount       = 20 // NFTA_SET_COUNT, Linux 6.16

	attrElemKeyEnd      = 10 // NFTA_SET_ELEM_KEY_END
	attrElemExpressions = 11 // NFTA_SET_ELEM_EXPRESSIONS

	attrObjHandle   = 6 // NFTA_OBJ_HANDLE
	attrObjPad      = 7 // NFTA_OBJ_PAD
	attrObjUserdata = 8 // NFTA_OBJ_USERDATA

	attrVerdictChainID = 3 // NFTA_VERDICT_CHAIN_ID

	attrBitwiseOp    = 6 // NFTA_BITWISE_OP
	attrBitwiseData  = 7 // NFTA_BITWISE_DATA
	attrBitwiseSreg2 = 8 // NFTA_BITWISE_SREG2, Linux 6.13

	attrDynsetExpressions = 10 // NFTA_DYNSET_EXPRESSIONS

	attrConnlimitCount = 1 // NFTA_CONNLIMIT_COUNT
	attrConnlimitFlags = 2 // NFTA_CONNLIMIT_FLAGS

	attrLastSet   = 1 // NFTA_LAST_SET
	attrLastMsecs = 2 // NFTA_LAST_MSECS
	attrLastPad   = 3 // NFTA_LAST_PAD

	attrTraceCtID        = 18 // NFTA_TRACE_CT_ID, Linux 6.16
	attrTraceCtDirection = 19 // NFTA_TRACE_CT_DIRECTION
	attrTraceCtStatus    = 20 // NFTA_TRACE_CT_STATUS
	attrTraceCtState     = 21 // NFTA_TRACE_CT_STATE

	attrSocketKey            = 1 // NFTA_SOCKET_KEY
	attrSocketDreg           = 2 // NFTA_SOCKET_DREG
	attrSocketLevel          = 3 // NFTA_SOCKET_LEVEL
	attrFwdSregAddr          = 2 // NFTA_FWD_SREG_ADDR
	attrFwdNfproto           = 3 // NFTA_FWD_NFPROTO
	attrTProxyFamily         = 1 // NFTA_TPROXY_FAMILY
	attrTProxyRegAddr        = 2 // NFTA_TPROXY_REG_ADDR
	attrTProxyRegPort        = 3 // NFTA_TPROXY_REG_PORT
	attrSynproxyMss          = 1 // NFTA_SYNPROXY_MSS
	attrSynproxyWscale       = 2 // NFTA_SYNPROXY_WSCALE
	attrSynproxyFlags        = 3 // NFTA_SYNPROXY_FLAGS
	attrOSFDreg              = 1 // NFTA_OSF_DREG
	attrOSFTtl               = 2 // NFTA_OSF_TTL
	attrOSFFlags             = 3 // NFTA_OSF_FLAGS
	attrFlowOffloadTableName = 1 // NFTA_FLOW_TABLE_NAME
	attrXfrmDreg             = 1 // NFTA_XFRM_DREG
	attrXfrmKey              = 2 // NFTA_XFRM_KEY
	attrXfrmDir              = 3 // NFTA_XFRM_DIR
	attrXfrmSpnum            = 4 // NFTA_XFRM_SPNUM
	attrTunnelKey            = 1 // NFTA_TUNNEL_KEY
	attrTunnelDreg           = 2 // NFTA_TUNNEL_DREG
)
