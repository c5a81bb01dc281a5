package web

import (
	"bytes"
	"context"
	"errors"
	"image"
	_ "image/gif" // what people send
	_ "image/jpeg"
	_ "image/png"
	"io"
	"net/http"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"

	"billfold/base/fault"
	"billfold/base/lang"
	"billfold/edge/web/ui"
)

// Where codes are scanned; pictures are sent to the second.
const (
	scanPath    = "/scan"
	picturePath = "/scan/picture"
)

// Bounds of a picture that somebody sends to have its code read. The header is looked at first: a file of some kilobytes can claim
// 50,000 by 50,000 points, which would be 10 GB once it is opened.
const (
	pictureMost = 4 << 20
	sideMost    = 6_000
	pointsMost  = 16_000_000
	readersMost = 2 // pictures that are open at once, 64 MB each at most
)

var (
	errPicture = fault.Define(fault.Invalid, "picture_unreadable",
		lang.Text{EN: "This picture cannot be read", ZH: "无法读取此图片"},
		lang.Text{EN: "Choose a photo (JPEG, PNG or GIF, up to 4 MB and 16 million points) in which the whole code is sharp, or type the code.",
			ZH: "请选择清晰完整拍到付款码的照片（JPEG、PNG 或 GIF，最大 4 MB、1600 万像素），或输入付款码。"})
	readers = make(chan struct{}, readersMost)
)

// resolvePicture reads the code in a picture, for browsers that cannot do it themselves, and goes on as if it had been typed.
func (s *site) resolvePicture(w http.ResponseWriter, r *http.Request, v *visit) error {
	code, err := codeOfPicture(r)
	if err != nil {
		found, ok := fault.As(err)
		if !ok || found.Code != errPicture.Code {
			return err
		}
		problem := v.say("problem.line", found.Title.In(v.scene.Lang), detail(v.scene.Lang, found))
		return s.scanPage(w, r, v, refusalStatus(err), ui.Scan{Problem: problem})
	}
	r.PostForm = map[string][]string{"code": {code}}
	return s.resolve(w, r, v)
}

func codeOfPicture(r *http.Request) (string, error) {
	if r.MultipartForm == nil || len(r.MultipartForm.File["picture"]) == 0 {
		return "", errPicture.With("picture")
	}
	file, err := r.MultipartForm.File["picture"][0].Open()
	if err != nil {
		return "", errPicture.Because(err)
	}
	defer file.Close()
	raw, err := io.ReadAll(io.LimitReader(file, pictureMost+1))
	if err != nil || len(raw) > pictureMost {
		return "", errPicture.With("picture")
	}
	return readPicture(r.Context(), raw)
}

// readPicture finds the QR code in a picture. It is refused by its header where opening it would cost too much.
func readPicture(ctx context.Context, raw []byte) (code string, err error) {
	head, _, err := image.DecodeConfig(bytes.NewReader(raw))
	if err != nil || head.Width < 1 || head.Height < 1 ||
		head.Width > sideMost || head.Height > sideMost || head.Width*head.Height > pointsMost {
		return "", errPicture.With("picture").Because(err)
	}
	select {
	case readers <- struct{}{}:
		defer func() { <-readers }()
	case <-ctx.Done():
		return "", fault.ErrBusy
	}
	defer func() { // the readers of pictures are other people's code, and fed by strangers
		if broke := recover(); broke != nil {
			code, err = "", errPicture.With("picture")
		}
	}()
	opened, _, err := image.Decode(bytes.NewReader(raw))
	if err != nil {
		return "", errPicture.With("picture").Because(err)
	}
	bitmap, err := gozxing.NewBinaryBitmapFromImage(opened)
	if err != nil {
		return "", errPicture.With("picture").Because(err)
	}
	hints := map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_TRY_HARDER: true}
	found, err := qrcode.NewQRCodeReader().Decode(bitmap, hints)
	if err != nil {
		return "", errPicture.With("picture").Because(err)
	}
	return found.GetText(), nil
}

// takePicture reads the parts of a form that carries a picture; everything in them stays in memory, bounded before it is read.
func takePicture(r *http.Request) error {
	if err := r.ParseMultipartForm(pictureMost + bodyMost); err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			return errLarge
		}
		if f, ok := fault.As(err); ok { // the rest of it was not let in
			return f
		}
		return fault.ErrMalformed.Because(err)
	}
	return nil
}
