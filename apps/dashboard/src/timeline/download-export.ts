import { exportUrl } from '../api/recordings.js';
import type { Api } from '../api.js';

/** Has the browser download the file of an export, as it downloads anything. @throws ApiError when the file is gone */
export async function downloadExport(api: Api, id: string): Promise<void> {
  const link = document.createElement('a');
  link.href = await exportUrl(api, id);
  link.download = '';
  link.click();
}
