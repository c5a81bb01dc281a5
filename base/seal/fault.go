package seal

import (
	"errors"
	"io/fs"
	"syscall"

	"billfold/base/fault"
	"billfold/base/lang"
)

// The refusals of this package.
var (
	// ErrShredded is for an owner whose key was destroyed, or never made.
	ErrShredded = fault.Define(fault.NotFound, "data_erased", lang.Text{
		EN: "This personal data has been erased",
		ZH: "该个人数据已被删除",
	}, lang.Text{
		EN: "It cannot be brought back. Amounts, times and ids are kept; use those instead.",
		ZH: "数据无法恢复。金额、时间和编号仍予保留，请改用这些信息。",
	})
	// ErrDamaged is for sealed bytes that were changed, or moved to another row.
	ErrDamaged = fault.Define(fault.Internal, "sealed_data_damaged", lang.Text{
		EN: "A protected field cannot be read",
		ZH: "受保护的字段无法读取",
	}, lang.Text{
		EN: "It was changed outside this program. Whoever runs this service has to restore it from a backup and should run billfold verify.",
		ZH: "该字段曾被程序之外的途径改动。运营方需从备份中恢复，并运行 billfold verify 进行检查。",
	})
	// ErrInUse is for a folder that another process holds.
	ErrInUse = fault.Define(fault.Unavailable, "keyring_in_use", lang.Text{
		EN: "Another Billfold uses these keys",
		ZH: "密钥库正被另一个 Billfold 使用",
	}, lang.Text{
		EN: "Stop the other process that runs on this data folder, or give this one another folder with --data.",
		ZH: "请停止正在使用此数据目录的另一个进程，或用 --data 为本进程指定其他目录。",
	})
	// ErrMasterKey is for a master key that is missing, unreadable or another keyring's.
	ErrMasterKey = fault.Define(fault.Internal, "keyring_master_key", lang.Text{
		EN: "The keyring does not open with this master key",
		ZH: "主密钥无法打开密钥库",
	}, lang.Text{
		EN: "Provide the master key that this keyring was made with: the file master.key (mode 0600) in its folder, or BILLFOLD_MASTER_KEY.",
		ZH: "请提供创建该密钥库时所用的主密钥：其目录中的 master.key 文件（权限 0600），或 BILLFOLD_MASTER_KEY。",
	})
	// ErrKeyring is for a keyring file that was damaged before its end.
	ErrKeyring = fault.Define(fault.Internal, "keyring_damaged", lang.Text{
		EN: "The keyring file is damaged",
		ZH: "密钥库文件已损坏",
	}, lang.Text{
		EN: "Nothing was changed. Restore the file named keyring from its copy; without it the personal data sealed under its keys is lost.",
		ZH: "未作任何更改。请用副本恢复名为 keyring 的文件；若无副本，用其中密钥加密的个人数据将无法读取。",
	})
)

var (
	errClosed   = errors.New("keyring is closed")
	errReserved = errors.New("the installation's own keys cannot be destroyed")
)

// storage names what went wrong with the disk.
func storage(err error) error {
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fault.ErrStorageFull.Because(err)
	case errors.Is(err, syscall.EROFS), errors.Is(err, fs.ErrPermission):
		return fault.ErrReadOnly.Because(err)
	}
	return fault.ErrUnavailable.Because(err)
}
