;; One AdamW step over four arrays of float32, four values at a time; see adamw.ts for the equation and the names.
;; `npm run wasm` writes adamw-module.ts from this file.
(module
  (memory (export "memory") 4) ;; 64 KiB each: one block of every array
  (func (export "adamw")
    (param $count i32) ;; values, a multiple of 4
    (param $param i32) (param $m i32) (param $v i32) (param $gradient i32) ;; where each array begins
    (param $clip f32) (param $beta1 f32) (param $beta2 f32) (param $rest1 f32) (param $rest2 f32)
    (param $size f32) (param $floor f32) (param $decay f32)
    (local $end i32) (local $g v128) (local $mean v128) (local $square v128) (local $p v128)
    (local.set $end (i32.add (local.get $param) (i32.shl (local.get $count) (i32.const 2))))
    (loop $next
      (local.set $g (f32x4.mul (f32x4.splat (local.get $clip)) (v128.load (local.get $gradient))))
      ;; mean = beta1 m + (1 - beta1) g
      (local.set $mean (f32x4.add
        (f32x4.mul (f32x4.splat (local.get $beta1)) (v128.load (local.get $m)))
        (f32x4.mul (f32x4.splat (local.get $rest1)) (local.get $g))))
      (v128.store (local.get $m) (local.get $mean))
      ;; square = beta2 v + (1 - beta2) g g
      (local.set $square (f32x4.add
        (f32x4.mul (f32x4.splat (local.get $beta2)) (v128.load (local.get $v)))
        (f32x4.mul (f32x4.mul (f32x4.splat (local.get $rest2)) (local.get $g)) (local.get $g))))
      (v128.store (local.get $v) (local.get $square))
      ;; p - (decay p + size mean / (sqrt(square) + floor)): the small ones are added first
      (local.set $p (v128.load (local.get $param)))
      (v128.store (local.get $param) (f32x4.sub (local.get $p) (f32x4.add
        (f32x4.mul (f32x4.splat (local.get $decay)) (local.get $p))
        (f32x4.div
          (f32x4.mul (f32x4.splat (local.get $size)) (local.get $mean))
          (f32x4.add (f32x4.sqrt (local.get $square)) (f32x4.splat (local.get $floor)))))))
      (local.set $param (i32.add (local.get $param) (i32.const 16)))
      (local.set $m (i32.add (local.get $m) (i32.const 16)))
      (local.set $v (i32.add (local.get $v) (i32.const 16)))
      (local.set $gradient (i32.add (local.get $gradient) (i32.const 16)))
      (br_if $next (i32.lt_u (local.get $param) (local.get $end)))))
)
