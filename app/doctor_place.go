package app

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// folder asks whether the data folder is ours alone.
func (d *doctor) folder() {
	const name = "data folder"
	info, err := os.Stat(d.c.Data)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		parent := filepath.Dir(filepath.Clean(d.c.Data))
		if !writable(parent) {
			d.bad(name, ErrFolder.Title, ErrFolder.Fill(parent).Detail)
			return
		}
		d.fine(name, text("%s will be made by the first start.", "%s 将在首次启动时创建。").Fill(d.c.Data))
	case err != nil || !info.IsDir() || !writable(d.c.Data):
		d.bad(name, ErrFolder.Title, ErrFolder.Fill(d.c.Data).Detail)
	case info.Mode().Perm()&0o077 != 0:
		d.bad(name, text("Others on this machine can look into %s (%s).", "本机其他用户可以查看 %s（%s）。").Fill(d.c.Data, info.Mode().Perm().String()),
			text("chmod 700 %s", "chmod 700 %s").Fill(d.c.Data))
	default:
		d.fine(name, text("%s is this user's alone.", "%s 仅当前用户可访问。").Fill(d.c.Data))
	}
}

// writable tries, because rights, read-only mounts and quotas have one answer in common.
func writable(dir string) bool {
	f, err := os.CreateTemp(dir, ".doctor-*")
	if err != nil {
		return false
	}
	f.Close()
	return os.Remove(f.Name()) == nil
}

// The room that has to be left: below the first a server should not be started, below the second somebody should look.
const (
	roomBad  = 256 << 20
	roomFair = 2 << 30
)

// disk says how much room is left, and refuses file systems that do not keep a promise.
func (d *doctor) disk() {
	const name = "disk"
	dir := d.c.Data
	if _, err := os.Stat(dir); err != nil {
		dir = filepath.Dir(filepath.Clean(dir))
	}
	free, kind, known := room(dir)
	if !known {
		return
	}
	left := fmt.Sprintf("%d MB", free>>20)
	give := text("Free some, or move --data to another disk.", "请释放空间，或将 --data 移到其他磁盘。")
	switch {
	case free < roomBad:
		d.bad(name, text("%s are left: writes will soon be refused (storage_full).", "仅剩 %s：很快将拒绝写入（storage_full）。").Fill(left), give)
	case free < roomFair:
		d.fair(name, text("%s are left.", "剩余 %s。").Fill(left), give)
	default:
		d.fine(name, text("%s are left.", "剩余 %s。").Fill(left))
	}
	if kind != "" && d.c.DB == "" {
		d.bad(name, text("%s lies on %s, which does not keep what SQLite was promised.", "%s 位于 %s 上，无法保证 SQLite 的数据安全。").Fill(dir, kind),
			text("Move --data to a local disk, or use PostgreSQL (--db).", "请将 --data 移到本地磁盘，或使用 PostgreSQL（--db）。"))
	}
}

// keyring opens the keys as verify does, and asks whether they are where one theft does not take all.
func (d *doctor) keyring(ctx context.Context) {
	const name = "keyring"
	if d.c.Keys == "" {
		for _, place := range []string{d.c.Keyring, filepath.Join(d.c.Keyring, "keyring"), filepath.Join(d.c.Keyring, "master.key")} {
			info, err := os.Stat(place)
			if err == nil && info.Mode().Perm()&0o077 != 0 {
				d.bad(name, text("Others on this machine can read %s (%s).", "本机其他用户可以读取 %s（%s）。").Fill(place, info.Mode().Perm().String()),
					text("chmod -R go= %s", "chmod -R go= %s").Fill(d.c.Keyring))
				return
			}
		}
	}
	keys, err := openKeys(ctx, d.c, true, true)
	if _, missing := os.Stat(filepath.Join(d.c.Keyring, "keyring")); d.c.Keys == "" && errors.Is(missing, fs.ErrNotExist) {
		err = ErrKeyring
	}
	if err == nil {
		if err = d.facts.fits("", keys, d.tag); err != nil {
			keys.Close()
		}
	}
	if err != nil {
		d.fault(name, err)
		return
	}
	d.a.Keys = keys
	d.fine(name, text("It opens, and belongs to this database.", "可以打开，且与此数据库匹配。"))
	if d.c.Keys == "" && d.c.DB == "" && within(d.c.Keyring, d.c.Data) {
		d.fair(name, text("It lies in the data folder: one copy of the folder takes the data and the keys, and brings erased people back.",
			"密钥库位于数据目录内：复制该目录会同时带走数据和密钥，也会让已删除的用户恢复。"),
			text("Stop the server, mv %s /elsewhere/keyring, and give --keyring /elsewhere/keyring.",
				"停止服务器，执行 mv %s /elsewhere/keyring，并指定 --keyring /elsewhere/keyring。").Fill(d.c.Keyring))
	}
	if d.c.MasterKey == "" {
		d.fair(name, text("The master key lies beside the keys it opens.", "主密钥与其所打开的密钥放在一起。"),
			text("Move the text of %s into BILLFOLD_MASTER_KEY, from a store of secrets.", "请将 %s 的内容移到密钥管理服务提供的 BILLFOLD_MASTER_KEY 中。").
				Fill(filepath.Join(d.c.Keyring, "master.key")))
	}
}

// within says whether one path lies below another.
func within(path, dir string) bool {
	p, err1 := filepath.Abs(path)
	base, err2 := filepath.Abs(dir)
	rel, err3 := filepath.Rel(base, p)
	return errors.Join(err1, err2, err3) == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

// renewAt is how long before its end a certificate should have been renewed.
const renewAt = 14 * 24 * time.Hour

// certificate asks what a browser will ask.
func (d *doctor) certificate() {
	const name = "tls"
	if d.c.TLSCert == "" || d.c.TLSKey == "" {
		u, err := publicURL(d.c, nil)
		if err == nil && u.Scheme == "https" {
			d.fine(name, text("None here: a proxy in front of it speaks TLS for %s.", "此处未启用：由前置代理为 %s 提供 TLS。").Fill(u.Host))
			if len(d.c.Trust) == 0 {
				d.fair(name, text("No proxy is trusted, so all visitors have its address and share its throttles.",
					"未信任任何代理，因此所有访客都显示为代理地址并共用限流。"), text("--trust-proxy 127.0.0.1", "--trust-proxy 127.0.0.1"))
			}
			return
		}
		d.bad(name, text("There is no certificate.", "没有证书。"),
			text("--tls-cert chain.pem --tls-key key.pem, or --public-url https://… behind a proxy.",
				"--tls-cert chain.pem --tls-key key.pem，或在代理后使用 --public-url https://…。"))
		return
	}
	pair, err := tls.LoadX509KeyPair(d.c.TLSCert, d.c.TLSKey)
	if err != nil {
		f := ErrCertificate.Fill(d.c.TLSCert, d.c.TLSKey)
		why := "no PEM, or not readable"
		if strings.Contains(err.Error(), "does not match") {
			why = "the key is another certificate's"
		}
		d.bad(name, text("The certificate cannot be used: %s.", "证书无法使用：%s。").Fill(why), f.Detail)
		return
	}
	leaf, now := pair.Leaf, d.a.Real.Now()
	renew := text("Renew it; a running server reads the new file within ten seconds.", "请续期；运行中的服务器会在十秒内读取新文件。")
	switch left := leaf.NotAfter.Sub(now); {
	case left <= 0:
		d.bad(name, text("The certificate expired on %s.", "证书已于 %s 过期。").Fill(leaf.NotAfter.Format(time.DateOnly)), renew)
	case now.Before(leaf.NotBefore):
		d.bad(name, text("The certificate is valid only from %s.", "证书自 %s 起才有效。").Fill(leaf.NotBefore.Format(time.DateOnly)), renew)
	case left < renewAt:
		d.fair(name, text("The certificate ends on %s.", "证书将于 %s 到期。").Fill(leaf.NotAfter.Format(time.DateOnly)), renew)
	default:
		d.fine(name, text("The certificate and its key match, until %s.", "证书与私钥匹配，有效期至 %s。").Fill(leaf.NotAfter.Format(time.DateOnly)))
	}
	d.trusted(pair, leaf, now)
	if info, err := os.Stat(d.c.TLSKey); err == nil && info.Mode().Perm()&0o007 != 0 {
		d.bad(name, text("Everybody on this machine can read the key %s.", "本机所有用户都能读取私钥 %s。").Fill(d.c.TLSKey),
			text("chmod 600 %s", "chmod 600 %s").Fill(d.c.TLSKey))
	}
}

func (d *doctor) trusted(pair tls.Certificate, leaf *x509.Certificate, now time.Time) {
	const name = "tls"
	if u, err := publicURL(d.c, nil); err == nil && leaf.VerifyHostname(u.Hostname()) != nil {
		d.bad(name, text("The certificate is not for %s, but for %s.", "证书不适用于 %s，而是用于 %s。").Fill(u.Hostname(), names(leaf)),
			text("Get one for that name, or correct --public-url.", "请为该域名申请证书，或更正 --public-url。"))
	}
	between := x509.NewCertPool()
	for _, der := range pair.Certificate[1:] {
		if c, err := x509.ParseCertificate(der); err == nil {
			between.AddCert(c)
		}
	}
	_, err := leaf.Verify(x509.VerifyOptions{Intermediates: between, CurrentTime: now})
	var unknown x509.UnknownAuthorityError
	if errors.As(err, &unknown) {
		d.fair(name, text("This machine does not know who signed the certificate, and browsers may not either.",
			"本机不识别该证书的签发者，浏览器也可能不识别。"),
			text("Put the whole chain into --tls-cert (fullchain.pem), or have people trust your authority.",
				"请将完整证书链放入 --tls-cert（fullchain.pem），或让用户信任您的机构。"))
	}
}

func names(leaf *x509.Certificate) string {
	list := leaf.DNSNames
	for _, ip := range leaf.IPAddresses {
		list = append(list, ip.String())
	}
	return strings.Join(list, ", ")
}

// limits asks whether the process may have as many connections as the configuration promises.
func (d *doctor) limits() {
	const (
		name   = "open files"
		others = 256 // the database's, the keyring's, the log's
	)
	most := d.c.Conns
	if most == 0 {
		most = 4096
	}
	have, known := openFiles()
	if !known {
		return
	}
	if have < uint64(most+others) {
		d.fair(name, text("This process may open %s, fewer than --max-connections needs (%s).", "此进程可打开 %s 个文件，少于 --max-connections 所需（%s）。").
			Fill(fmt.Sprint(have), fmt.Sprint(most+others)),
			text("ulimit -n 65536 (systemd: LimitNOFILE=65536)", "ulimit -n 65536（systemd：LimitNOFILE=65536）"))
		return
	}
	d.fine(name, text("%s may be open at once.", "最多可同时打开 %s 个。").Fill(fmt.Sprint(have)))
}
