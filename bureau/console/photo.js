// A photo as it is sent: upright, at most 1600 pixels long, JPEG. That spares a bad network, and where and with what it
// was taken stays on the phone. The bureau does the same again, whatever it is sent (docs/sightings.md).

const EDGE = 1600;
const QUALITY = 0.82;

/** A JPEG Blob of an image file of any kind that the browser reads. Throws when it is none. */
export async function shrink(file) {
  const image = await createImageBitmap(file, { imageOrientation: 'from-image' });
  const scale = Math.min(1, EDGE / Math.max(image.width, image.height));
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(image.width * scale));
  canvas.height = Math.max(1, Math.round(image.height * scale));
  canvas.getContext('2d').drawImage(image, 0, 0, canvas.width, canvas.height);
  image.close();
  const blob = await new Promise((resolve) => { canvas.toBlob(resolve, 'image/jpeg', QUALITY); });
  if (blob === null) throw new Error('no JPEG');
  return blob;
}
