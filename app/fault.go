package app

import (
	"billfold/base/fault"
	"billfold/base/lang"
)

func text(en, zh string) lang.Text { return lang.Text{EN: en, ZH: zh} }

// What keeps a server from starting. Nothing of the installation was changed when one of these is answered.
var (
	// ErrMode refuses a live installation to dev and a sandbox to serve.
	ErrMode = fault.Define(fault.Conflict, "installation_mode",
		text("This installation is of the other kind", "该安装属于另一种模式"),
		text("Its database was made for %s, and this command is for %s. Use the other command, or another --data folder or --db.",
			"该数据库属于 %s 模式，而此命令用于 %s 模式。请改用另一个命令，或指定其他 --data 目录或 --db。"))
	// ErrKeyring refuses a keyring that did not seal what lies in the database.
	ErrKeyring = fault.Define(fault.Conflict, "installation_keyring",
		text("These keys belong to another database", "该密钥库属于另一个数据库"),
		text("Give the keyring that this database was made with (--keyring, by default in the --data folder). Without it nobody's data can "+
			"be read.",
			"请提供创建该数据库时使用的密钥库（--keyring，默认位于 --data 目录中）。缺少它将无法读取任何人的数据。"))
	// ErrNoInstallation refuses to look at a place where no Billfold ever ran.
	ErrNoInstallation = fault.Define(fault.NotFound, "installation_missing",
		text("There is no Billfold here", "此处没有 Billfold"),
		text("Nothing was found at %s. Check --data and --db.", "在 %s 未找到任何内容。请检查 --data 和 --db。"))
	// ErrForeign refuses a database in which somebody else's tables are.
	ErrForeign = fault.Define(fault.Conflict, "database_foreign",
		text("The database belongs to something else", "该数据库另有他用"),
		text("It has tables that are not Billfold's. Give an empty database with --db. Nothing was changed.",
			"其中已有不属于 Billfold 的表。请用 --db 指定一个空数据库。未做任何更改。"))
	// ErrFolder refuses a folder that cannot be made or written.
	ErrFolder = fault.Define(fault.Unavailable, "data_folder_unusable",
		text("The data folder cannot be written", "数据目录无法写入"),
		text("%s cannot be written by this user. Give it away (chown), or choose another folder with --data.",
			"当前用户无法写入 %s。请更改其所有者（chown），或用 --data 指定其他目录。"))
	// ErrDatabaseAway says that PostgreSQL does not answer at start.
	ErrDatabaseAway = fault.Define(fault.Unavailable, "database_away",
		text("The database does not answer", "数据库没有响应"),
		text("PostgreSQL at %s cannot be reached. Start it, or correct --db. Nothing was changed.",
			"无法连接位于 %s 的 PostgreSQL。请启动它，或更正 --db。未做任何更改。"))
	// ErrAddress says that somebody listens there already.
	ErrAddress = fault.Define(fault.Conflict, "address_in_use",
		text("The address is taken", "地址已被占用"),
		text("%s is in use%s. Stop that, or take the next free one: --addr %s", "%s 已被占用%s。请停止占用者，或使用下一个空闲地址：--addr %s"))
	// ErrListen says that we may not, or cannot, listen there.
	ErrListen = fault.Define(fault.Unavailable, "address_unusable",
		text("Nobody can listen at this address", "无法监听该地址"),
		text("%s cannot be used (%s). Give an address of this machine with --addr; ports below 1024 need a right of their own.",
			"%s 无法使用（%s）。请用 --addr 指定本机地址；1024 以下的端口需要专门的权限。"))
	// ErrPlain refuses to speak unencrypted with other machines.
	ErrPlain = fault.Define(fault.Denied, "plain_http",
		text("Plain HTTP is for this machine only", "明文 HTTP 仅限本机使用"),
		text("%s can be reached by others. Give --tls-cert and --tls-key, or listen on localhost behind a proxy that encrypts.",
			"其他机器可以访问 %s。请提供 --tls-cert 和 --tls-key，或仅监听 localhost 并由加密代理转发。"))
	// ErrCertificate refuses a certificate that cannot be used.
	ErrCertificate = fault.Define(fault.Invalid, "certificate",
		text("The certificate cannot be used", "证书无法使用"),
		text("%s and %s have to be a certificate chain and its private key, in PEM, readable by this user.",
			"%s 和 %s 须为 PEM 格式的证书链及其私钥，且当前用户可读。"))
	// ErrPublicURL refuses an address that people could not be sent to.
	ErrPublicURL = fault.Define(fault.Invalid, "public_url",
		text("The public address cannot be used", "公开地址无效"),
		text("Give scheme, host and port only, such as https://pay.example.org; plain http is for localhost.",
			"请只填写协议、主机和端口，例如 https://pay.example.org；明文 http 仅限 localhost。"))
)

// What a running server says.
var (
	// ErrStarting answers while the server is not ready, or not any more.
	ErrStarting = fault.Define(fault.Unavailable, "not_ready",
		text("The server is not ready", "服务器尚未就绪"),
		text("It is starting or stopping. Try again in a second; nothing was done.", "服务器正在启动或停止。请稍后重试；未执行任何操作。"))
)
