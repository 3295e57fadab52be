// Package other has an unexported method of a name that main has too.
package other

// A Hidden is an interface that only this package can implement.
type Hidden interface{ hidden() string }

// T implements it.
type T struct{ S string }

func (t T) hidden() string { return "other " + t.S }

// Of asserts v to be Hidden, and does not call it if call is false.
func Of(v any, call bool) (string, bool) {
	h, ok := v.(Hidden)
	if !ok || !call {
		return "", ok
	}
	return h.hidden(), ok
}

// Base has an unexported method that types of other packages get by embedding it.
type Base struct{}

func (Base) sealed() {}

// Sealed is implemented by what embeds Base.
type Sealed interface{ sealed() }
