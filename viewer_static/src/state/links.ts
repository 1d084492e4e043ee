export { reportPdfUrl as pdfUrl } from '../api/reports';
